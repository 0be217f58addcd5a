import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { labId } from "../paths";

const mountPoint = "/sys/fs/cgroup";

interface Hierarchy {
  /** Where it is mounted, and where this process stands in it. */
  readonly mounted: string;
  readonly path: string;
}

/** The hierarchies of this machine: one of version 2, or several of version 1 beside systemd's own and perhaps "unified" (cgroups(7)). */
function hierarchies(): readonly Hierarchy[] {
  const lines = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n");
  return lines.flatMap((line) => {
    const [, controllers, ...path] = line.split(":");
    const name = (controllers ?? "").replace(/^name=/, "");
    const candidates = name === "" ? [join(mountPoint, "unified"), mountPoint] : [join(mountPoint, name)];
    const mounted = candidates.find((candidate) => existsSync(join(candidate, "cgroup.procs")));
    return mounted === undefined ? [] : [{ mounted, path: path.join(":") }];
  });
}

/** The lab's group in each hierarchy. In version 1 it lies below this process's own, so that a limit on the caller holds for the lab. */
export function labGroups(): readonly string[] {
  return hierarchies().map(({ mounted, path }) => {
    const version2Only = mounted === mountPoint;
    return join(mounted, version2Only ? "" : path, `hybrid-k3s-${labId}`);
  });
}

/** The processes of one group, as this machine numbers them. */
export function processesOf(group: string): readonly number[] {
  try {
    return readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** The processes of a group and of all groups below it. */
export function processesBelow(group: string): readonly number[] {
  if (!existsSync(group)) return [];
  const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...processesOf(group), ...below.flatMap((entry) => processesBelow(join(group, entry.name)))];
}

/** The most memory that the lab has used at once, file cache included, in bytes: its hosts and services, not what the operator runs. */
export function peakMemory(): number {
  const files = labGroups().flatMap((group) => [join(group, "memory.max_usage_in_bytes"), join(group, "memory.peak")]);
  const found = files.find((file) => existsSync(file));
  if (found === undefined) throw new Error("this machine does not count the memory of control groups");
  return Number(readFileSync(found, "utf8"));
}
