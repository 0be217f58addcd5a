import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { labGroups } from "../lab/hosts/control-groups";

const EVERY_MS = 250;
const KIB = 1024;
const MIB = KIB * KIB;

/** The most memory seen at once, in MiB; files that the kernel keeps only while there is room are not counted. */
export interface MemoryPeak {
  /** Everything in the lab: hosts, pods, control server. */
  readonly lab: number;
  /** The commands that this program ran on the operator's machine: pulumi, its plugins, its program and its tools. */
  readonly commands: number;
}

/** Looks at the memory again and again while something runs. */
export async function watchMemory(work: () => Promise<unknown>): Promise<MemoryPeak> {
  const peak = { lab: 0, commands: 0 };
  const look = () => {
    peak.lab = Math.max(peak.lab, labBytes() / MIB);
    peak.commands = Math.max(peak.commands, descendantBytes(process.pid) / MIB);
  };
  const timer = setInterval(look, EVERY_MS);
  try {
    await work();
    look();
    return peak;
  } finally {
    clearInterval(timer);
  }
}

/** Version 1 counts a group with those below it under total_*, version 2 always does. */
function labBytes(): number {
  for (const group of labGroups()) {
    const file = join(group, "memory.stat");
    if (!existsSync(file)) continue;
    const text = readFileSync(file, "utf8");
    const bytes = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
    return bytes("total_rss") + bytes("total_shmem") + bytes("anon") + (text.includes("total_rss") ? 0 : bytes("shmem"));
  }
  throw new Error("no control group of the lab counts memory");
}

function descendantBytes(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + anonymousBytes(child) + descendantBytes(child), 0);
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function anonymousBytes(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * KIB;
  } catch {
    return 0;
  }
}
