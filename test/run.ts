import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Failures } from "./failures";
import { REAL_SUITES, requireRealParts } from "./real-parts";
import { SUITES, type Step, type Suite, stepsOf } from "./suites";

interface Count {
  passed: number;
  failed: number;
  /** What failed, told again at the end: many readers of a long run see its last lines only. */
  readonly failures: Failures;
}

interface Row {
  readonly name: string;
  readonly minutes: number;
  readonly count: Count;
}

/** Runs one command, hands on its output as it comes, and counts what it reports. */
function runCommand(argv: readonly string[], env: NodeJS.ProcessEnv, show: (line: string) => void): Promise<Count> {
  return new Promise((resolve, reject) => {
    const [program = "", ...rest] = argv;
    const child = spawn(program, rest, { env, stdio: ["ignore", "pipe", "pipe"] });
    const count: Count = { passed: 0, failed: 0, failures: new Failures() };
    createInterface({ input: child.stderr }).on("line", show);
    createInterface({ input: child.stdout }).on("line", (line) => {
      show(line);
      const total = /^(?:ℹ|#) (pass|fail|cancelled) (\d+)$/.exec(line);
      if (total) count[total[1] === "pass" ? "passed" : "failed"] += Number(total[2]);
      else if (/^ok \d+/.test(line)) count.passed += 1;
      else if (/^not ok \d+/.test(line)) count.failed += 1;
      count.failures.read(line);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (count.passed + count.failed === 0) count[code === 0 ? "passed" : "failed"] = 1;
      else if (code !== 0 && count.failed === 0) count.failed = 1;
      if (count.failed > 0 && count.failures.size === 0) count.failures.add(argv.slice(0, 4).join(" "));
      resolve(count);
    });
  });
}

async function runSuite(suite: Suite, place: NodeJS.ProcessEnv, prefix: string): Promise<Row> {
  console.log(`\n== ${suite.name}`);
  const started = performance.now();
  const count: Count = { passed: 0, failed: 0, failures: new Failures() };
  for (const argv of suite.commands()) {
    const part = await runCommand(argv, { ...process.env, ...suite.env, ...place }, (line) => console.log(prefix + line));
    count.passed += part.passed;
    count.failed += part.failed;
    count.failures.take(part.failures);
  }
  return { name: suite.name, minutes: (performance.now() - started) / 60_000, count };
}

/** Runs a step's suites: each place takes the next one as it becomes free. */
async function runStep({ suites, places }: Step): Promise<Row[]> {
  const waiting = [...suites];
  const rows: Row[] = [];
  const work = async (place: NodeJS.ProcessEnv) => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift())
      rows.push(await runSuite(suite, place, suites.length === 1 ? "" : `${suite.name}| `));
  };
  await Promise.all(places.map(work));
  return rows;
}

async function main(given: readonly string[]): Promise<void> {
  const isReal = given.includes("real");
  const wanted = isReal ? [...given.filter((name) => name !== "real"), ...REAL_SUITES] : given;
  const isAll = wanted.includes("all");
  const unknown = wanted.filter((name) => name !== "all" && !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) throw new Error(`no suite ${unknown.join(", ")}; there are ${SUITES.map(({ name }) => name).join(", ")}`);
  if (isReal) await requireRealParts();
  const rows: Row[] = [];
  const chosen = SUITES.filter(({ name, onlyInAll }) => isAll || (wanted.length === 0 ? onlyInAll !== true : wanted.includes(name)));
  for (const step of stepsOf(chosen)) rows.push(...(await runStep(step)));
  console.log("\nminutes per suite");
  for (const { name, minutes, count } of rows)
    console.log(`  ${name.padEnd(10)} ${minutes.toFixed(1).padStart(5)}   ${count.passed} passed, ${count.failed} failed`);
  const failures = rows.flatMap(({ name, count }) => count.failures.tell(name));
  const list = rows.flatMap(({ name, count }) => count.failures.list(name));
  if (failures.length > 0) console.log(["\nfailed", ...failures, "\nfailed, in this order", ...list].join("\n"));
  const sum = (what: "passed" | "failed") => rows.reduce((total, { count }) => total + count[what], 0);
  console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
  process.exitCode = sum("failed") > 0 ? 1 : 0;
}

void main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
