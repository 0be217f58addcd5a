import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { labGroups } from "../lab/hosts/control-groups";

export interface Spent {
  readonly seconds: number;
  /** Processor seconds of the lab and of the commands that this program ran, on a shared machine steadier than the clock. */
  readonly cpuSeconds: number;
}

// USER_HZ: what proc(5) counts in, on every architecture that Linux runs on here.
const TICKS_PER_SECOND = 100;

/** Runs something and tells what it took. */
export async function measure(work: () => Promise<unknown>): Promise<Spent> {
  const [began, cpuBefore] = [performance.now(), cpuSeconds()];
  await work();
  return { seconds: (performance.now() - began) / 1000, cpuSeconds: cpuSeconds() - cpuBefore };
}

const cpuSeconds = (): number => labSeconds() + endedChildrenSeconds();

function labSeconds(): number {
  for (const group of labGroups()) {
    const version1 = join(group, "cpuacct.usage");
    if (existsSync(version1)) return Number(readFileSync(version1, "utf8")) / 1e9;
    const version2 = join(group, "cpu.stat");
    const usage = existsSync(version2) ? /^usage_usec (\d+)/m.exec(readFileSync(version2, "utf8"))?.[1] : undefined;
    if (usage !== undefined) return Number(usage) / 1e6;
  }
  throw new Error("no control group of the lab counts processor time");
}

/** cutime and cstime of proc(5): children that were waited for, with theirs. */
function endedChildrenSeconds(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}
