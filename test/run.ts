import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A suite is a list of commands that print node:test or TAP results; one that prints neither counts as one test. */
interface Suite {
  readonly name: string;
  readonly commands: () => readonly (readonly string[])[];
}

const tsx = ["node", "--import", "tsx"];
const nodeTest = (concurrency: number, ...patterns: string[]) => [
  ...tsx,
  "--test",
  `--test-concurrency=${concurrency}`,
  "--test-reporter=spec",
  ...files(...patterns),
];
const shellFiles = () => files("**/*.sh", "**/*.bats", "**/*.bash", ".ci/run", "lab/enter");

const SUITES: readonly Suite[] = [
  {
    name: "lint",
    commands: () => [
      ["npx", "tsc", "-p", "."],
      ["npx", "eslint", "--max-warnings=0", "."],
      ["npx", "prettier", "--check", "--log-level=warn", "."],
      ["shellcheck", ...shellFiles()],
      ["shfmt", "-i", "2", "-ci", "-d", ...shellFiles()],
      ["bash", "-c", 'unformatted=$(gofmt -l lab) && test -z "$unformatted" || { echo "gofmt: $unformatted"; exit 1; }'],
    ],
  },
  {
    name: "unit",
    commands: () => [
      nodeTest(2, ...["config", "plan", "remote", "k3s", "program", "tools", "bench"].map((folder) => `test/${folder}/**/*.test.*`)),
    ],
  },
  { name: "scripts", commands: () => [["bats", "--tap", "--jobs", "2", ...files("test/scripts/*.bats")]] },
  { name: "contract", commands: () => [nodeTest(1, "test/contract/*.test.ts")] },
  { name: "lab", commands: () => [nodeTest(1, "test/lab/*.test.ts")] },
];

interface Count {
  passed: number;
  failed: number;
}

/** Files of the work tree that git tracks or would track; `*` stays within a folder, `**` does not. */
function files(...patterns: string[]): string[] {
  const listed = execFileSync("git", [
    "ls-files",
    "--cached",
    "--others",
    "--exclude-standard",
    ...patterns.map((pattern) => `:(glob)${pattern}`),
  ]);
  return [...new Set(listed.toString().split("\n"))].filter((file) => file !== "").sort();
}

/** Runs one command, shows its output as it comes, and counts what it reports. */
function runCommand(argv: readonly string[]): Promise<Count> {
  return new Promise((resolve, reject) => {
    const [program = "", ...rest] = argv;
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
    const count: Count = { passed: 0, failed: 0 };
    createInterface({ input: child.stdout }).on("line", (line) => {
      console.log(line);
      const total = /^(?:ℹ|#) (pass|fail|cancelled) (\d+)$/.exec(line);
      if (total) count[total[1] === "pass" ? "passed" : "failed"] += Number(total[2]);
      else if (/^ok \d+/.test(line)) count.passed += 1;
      else if (/^not ok \d+/.test(line)) count.failed += 1;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (count.passed + count.failed === 0) count[code === 0 ? "passed" : "failed"] = 1;
      else if (code !== 0 && count.failed === 0) count.failed = 1;
      resolve(count);
    });
  });
}

async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) throw new Error(`no suite ${unknown.join(", ")}; there are ${SUITES.map(({ name }) => name).join(", ")}`);
  const rows: { name: string; minutes: number; count: Count }[] = [];
  for (const suite of SUITES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    console.log(`\n== ${suite.name}`);
    const started = performance.now();
    const count: Count = { passed: 0, failed: 0 };
    for (const argv of suite.commands()) {
      const part = await runCommand(argv);
      count.passed += part.passed;
      count.failed += part.failed;
    }
    rows.push({ name: suite.name, minutes: (performance.now() - started) / 60_000, count });
  }
  console.log("\nminutes per suite");
  for (const { name, minutes, count } of rows)
    console.log(`  ${name.padEnd(10)} ${minutes.toFixed(1).padStart(5)}   ${count.passed} passed, ${count.failed} failed`);
  const total = rows.reduce((sum, { count }) => ({ passed: sum.passed + count.passed, failed: sum.failed + count.failed }), {
    passed: 0,
    failed: 0,
  });
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

void main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
