import { execFileSync } from "node:child_process";

/** A suite is a list of commands that print node:test or TAP results; one that prints neither counts as one test. */
export interface Suite {
  readonly name: string;
  /** Suites that follow one another in the list and share this word run side by side. */
  readonly beside?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Other ways to the same cluster: run when named and by `make test-all`, not by `make test`. */
  readonly onlyInAll?: boolean;
  readonly commands: () => readonly (readonly string[])[];
}

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
const unitTests = (concurrency: number) => [
  ...[...runTests(concurrency), "--test-timeout=600000"],
  ...files("test/*.test.ts", ...UNIT.map((folder) => `test/${folder}/**/*.test.*`)),
];

// Most of a scenario's time is waiting for restarts and limits, so two labs fit side by side on two cores.
const scenarios = (beside: string, name: string, folder: string, ...chosen: string[]): Suite => ({
  name,
  beside,
  env: { LAB_STATE: folder, LAB_SUITE: name, LAB_SCENARIOS: chosen.join(",") },
  commands: () => [nodeTest(1, "test/lab/lab.test.ts")],
});

/** What it asked of the clouds and of the tailnet's API is compared, at its end, with its file in docs/permissions. */
const recorded = (beside: string, name: string, folder: string, ...chosen: string[]): Suite =>
  scenarios(beside, name, folder, ...chosen, "permissions");

const contract = (name: string, folder: string, isChosen: (file: string) => boolean): Suite => ({
  name,
  beside: "contract",
  env: { LAB_STATE: folder },
  commands: () => [nodeTest(1, ...files("test/contract/*.test.ts").filter(isChosen))],
});
// About half of their time.
const ofClouds = (file: string) => /\/(aws|azure|command|headscale|ways-out)[^/]*$/.test(file);

export const SUITES: readonly Suite[] = [
  {
    name: "lint",
    beside: "fast",
    commands: () => [
      ["npx", "tsc", "-p", "."],
      ["npx", "eslint", "--max-warnings=0", "."],
      ["npx", "prettier", "--check", "--log-level=warn", "."],
      ["shellcheck", ...shellFiles()],
      ["shfmt", "-i", "2", "-ci", "-d", ...shellFiles()],
      ["bash", "-c", GOFMT],
    ],
  },
  { name: "unit", beside: "fast", commands: () => [unitTests(2)] },
  // The other release that is supported.
  { name: "unit-24", beside: "fast", commands: () => [["lab/tools/on-node.sh", "24", ...unitTests(1)]] },
  { name: "scripts", beside: "fast", commands: () => [["bats", "--tap", "--jobs", "2", ...files("test/host-scripts/*.bats")]] },
  contract("contract", ".lab", ofClouds),
  contract("contract-2", ".lab-2", (file) => !ofClouds(file)),
  // They count what a lab leaves on the machine, so nothing else may run a lab meanwhile.
  {
    name: "lab",
    commands: () => [
      nodeTest(1, ...["clouds", "hosts", "interrupt", "lifecycle", "requirements"].map((name) => `test/lab/${name}.test.ts`)),
    ],
  },
  recorded(
    "metal",
    "network",
    ".lab",
    "first-up",
    "second-up",
    "outside",
    "withdrawn-routes",
    "policy-order",
    "restarts",
    "certificates",
    "node-changes",
  ),
  recorded("metal", "removal", ".lab-2", "preflight", "faults", "recovery", "backup", "secrets", "removal", "routes"),
  recorded("burst", "burst", ".lab", "burst-first-up", "burst-cycle", "burst-places", "burst-server", "burst-removal"),
  recorded("burst", "burst-faults", ".lab-2", "burst-faults"),
  recorded("tailnet", "tailnet", ".lab", "tailnet-policy", "tailnet-modes", "tailnet-faults"),
  recorded("tailnet", "tailnet-nodes", ".lab-2", "tailnet-devices", "tailnet-keys"),
  // Issue 13's own: `make test-servers` runs them alone.
  scenarios("servers", "servers", ".lab", "servers"),
  scenarios("servers", "servers-grow", ".lab-2", "servers-grow"),
  // Their seven minutes would take a run with cold builds past its 75.
  { ...scenarios("upgrades", "upgrades", ".lab", "upgrades"), onlyInAll: true },
  { ...scenarios("upgrades", "upgrade-servers", ".lab-2", "upgrade-servers"), onlyInAll: true },
  { ...scenarios("matrix", "headscale", ".lab", "headscale"), onlyInAll: true },
  { ...scenarios("matrix", "flannel-iface", ".lab-2", "flannel-iface"), onlyInAll: true },
  { ...scenarios("lost", "backup", ".lab", "backup-s3", "backup-servers", "backup-loss"), onlyInAll: true },
  { ...scenarios("lost", "servers-replaced", ".lab-2", "servers-replaced"), onlyInAll: true },
];

/** Suites one after the other, those that may run side by side as one step. */
export function stepsOf(suites: readonly Suite[]): Suite[][] {
  const grouped: Suite[][] = [];
  for (const suite of suites) {
    const last = grouped.at(-1);
    if (last !== undefined && suite.beside !== undefined && last[0]?.beside === suite.beside) last.push(suite);
    else grouped.push([suite]);
  }
  return grouped;
}

/** Files of the work tree that git tracks or would track; `*` stays within a folder, `**` does not. */
function files(...patterns: string[]): string[] {
  const listing = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", [...listing, ...patterns.map((pattern) => `:(glob)${pattern}`)]);
  return [...new Set(listed.toString().split("\n"))].filter((file) => file !== "").sort();
}
