import { execFileSync } from "node:child_process";

/** "labs": as many at once as there are folders for labs; "no lab": all at once. */
type Beside = "labs" | "no lab";

/** Labs that run at once, by the folder of each (LAB_STATE): most of a scenario's time is waiting for restarts and limits, so two fit on two cores. */
export const LAB_FOLDERS: readonly string[] = [".lab", ".lab-2"];

/** A suite is a list of commands that print node:test or TAP results; one that prints neither counts as one test. */
export interface Suite {
  readonly name: string;
  /** Suites that follow one another in the list and share this word run side by side; without: alone. */
  readonly beside?: Beside;
  readonly env?: Readonly<Record<string, string>>;
  /** Other ways to the same cluster: run when named and by `make test-all`, not by `make test`. */
  readonly onlyInAll?: boolean;
  readonly commands: () => readonly (readonly string[])[];
}

const LAB_PLACES: readonly NodeJS.ProcessEnv[] = LAB_FOLDERS.map((folder) => ({ LAB_STATE: folder }));

const runTests = (concurrency: number) => [
  "node",
  "--import",
  "tsx",
  "--test",
  `--test-concurrency=${concurrency}`,
  "--test-reporter=spec",
];
const nodeTest = (concurrency: number, ...patterns: string[]): readonly string[] => [...runTests(concurrency), ...files(...patterns)];
const shellFiles = () => files("**/*.sh", "**/*.bats", "**/*.bash", ".ci/run", "lab/enter");
const GOFMT = 'unformatted=$(gofmt -l lab) && test -z "$unformatted" || { echo "gofmt: $unformatted"; exit 1; }';
const UNIT = [
  "catalog",
  "config",
  "plan",
  "clouds",
  "k3s",
  "preview",
  "vpn",
  "program",
  "operator-tools",
  "cli",
  "tailscale-api",
  "bench",
  "lab-screen",
  "lab-tools",
  "docs",
];

// A file that waits for ever ends its run red instead of holding it.
const unitTests = () => [
  ...[...runTests(2), "--test-timeout=600000"],
  ...files("test/*.test.ts", ...UNIT.map((folder) => `test/${folder}/**/*.test.*`)),
];

const scenarios = (name: string, ...chosen: string[]): Suite => ({
  name,
  beside: "labs",
  env: { LAB_SUITE: name, LAB_SCENARIOS: chosen.join(",") },
  commands: () => [nodeTest(1, "test/lab/lab.test.ts")],
});

/** What it asked of the clouds and of the tailnet's API is compared, at its end, with its file in docs/permissions. */
const recorded = (name: string, ...chosen: string[]): Suite => scenarios(name, ...chosen, "permissions");

/** They need kine, and one of them a Postgres, as their scenarios do, and those are built and run for them alone. */
const DATASTORE_CONTRACT = "test/contract/k3s-datastore.test.ts";
const SQLITE_CONTRACT = "test/contract/k3s-sqlite.test.ts";
const WITH_KINE = [DATASTORE_CONTRACT, SQLITE_CONTRACT];

const contract = (name: string, isChosen: (file: string) => boolean): Suite => ({
  name,
  beside: "labs",
  commands: () => [nodeTest(1, ...files("test/contract/*.test.ts").filter((file) => !WITH_KINE.includes(file) && isChosen(file)))],
});
// About half of their time.
const ofClouds = (file: string) => /\/(aws|azure|command|headscale|ways-out)[^/]*$/.test(file);

export const SUITES: readonly Suite[] = [
  {
    name: "lint",
    beside: "no lab",
    commands: () => [
      ["npx", "tsc", "-p", "."],
      ["npx", "eslint", "--max-warnings=0", "."],
      ["npx", "prettier", "--check", "--log-level=warn", "."],
      ["shellcheck", ...shellFiles()],
      ["shfmt", "-i", "2", "-ci", "-d", ...shellFiles()],
      ["bash", "-c", GOFMT],
    ],
  },
  { name: "unit", beside: "no lab", commands: () => [unitTests()] },
  // The other release that is supported.
  { name: "unit-24", beside: "no lab", commands: () => [["lab/tools/on-node.sh", "24", ...unitTests()]] },
  { name: "scripts", beside: "no lab", commands: () => [["bats", "--tap", "--jobs", "2", ...files("test/host-scripts/*.bats")]] },
  // The longest first: a lab that is free takes the next, and none is left running alone at the end.
  contract("contract-2", (file) => !ofClouds(file)),
  recorded("burst", "burst-first-up", "burst-cycle", "burst-places", "burst-server", "burst-removal"),
  recorded("burst-faults", "burst-faults"),
  recorded("network", "first-up", "second-up", "outside", "withdrawn-routes", "policy-order", "restarts", "certificates", "node-changes"),
  recorded("removal", "preflight", "faults", "recovery", "backup", "secrets", "removal", "routes"),
  {
    ...scenarios("backup", "backup-s3", "backup-servers", "backup-loss", "backup-sqlite"),
    onlyInAll: true,
    commands: () => [nodeTest(1, SQLITE_CONTRACT), nodeTest(1, "test/lab/lab.test.ts")],
  },
  // Issue 14's own: `make test-seen` runs it alone. Each of its dozen looks takes most of a minute beside another lab.
  { ...scenarios("verify", "verify"), onlyInAll: true },
  recorded("tailnet", "tailnet-policy", "tailnet-modes", "tailnet-faults"),
  contract("contract", ofClouds),
  // Issue 13's own: `make test-servers` runs them alone.
  scenarios("servers", "servers"),
  {
    ...scenarios("datastore", "datastore"),
    onlyInAll: true,
    commands: () => [nodeTest(1, DATASTORE_CONTRACT), nodeTest(1, "test/lab/lab.test.ts")],
  },
  { ...scenarios("servers-replaced", "servers-replaced"), onlyInAll: true },
  recorded("tailnet-nodes", "tailnet-devices", "tailnet-keys"),
  scenarios("servers-grow", "servers-grow"),
  { ...recorded("api-service", "api-service"), onlyInAll: true },
  // Their seven minutes would take a run with cold builds past its 75.
  { ...scenarios("upgrades", "upgrades"), onlyInAll: true },
  { ...scenarios("upgrade-servers", "upgrade-servers"), onlyInAll: true },
  { ...scenarios("headscale", "headscale"), onlyInAll: true },
  { ...scenarios("flannel-iface", "flannel-iface"), onlyInAll: true },
  // They count what a lab leaves on the machine, so nothing else may run a lab meanwhile.
  {
    name: "lab",
    commands: () => [
      nodeTest(1, ...["clouds", "hosts", "interrupt", "lifecycle", "requirements"].map((name) => `test/lab/${name}.test.ts`)),
    ],
  },
];

/** Suites of which some run at once. */
export interface Step {
  readonly suites: readonly Suite[];
  /** What is added to the environment of each of those that run at once, which are as many. */
  readonly places: readonly NodeJS.ProcessEnv[];
}

/** Suites one after the other, those that may run side by side as one step. */
export function stepsOf(suites: readonly Suite[]): Step[] {
  const grouped: Suite[][] = [];
  for (const suite of suites) {
    const last = grouped.at(-1);
    if (last !== undefined && suite.beside !== undefined && last[0]?.beside === suite.beside) last.push(suite);
    else grouped.push([suite]);
  }
  return grouped.map((group) => ({ suites: group, places: group[0]?.beside === "labs" ? LAB_PLACES : group.map(() => ({})) }));
}

/** Files of the work tree that git tracks or would track; `*` stays within a folder, `**` does not. */
function files(...patterns: string[]): string[] {
  const listing = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", [...listing, ...patterns.map((pattern) => `:(glob)${pattern}`)]);
  return [...new Set(listed.toString().split("\n"))].filter((file) => file !== "").sort();
}
