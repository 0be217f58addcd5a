import { parseDuration } from "../config/values/duration";
import type { CloudPoolConfig, PoolConfig, SshTargetConfig } from "../config/schema";
import type { RemovalPlan, SshTarget } from "./cluster-plan";

/** Labels in another order are the same labels: nothing may run for that. */
export function sortedByKey(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Numbers of a cloud pool's nodes: 0 to count - 1, without those taken out. */
export function nodeIndices({ count, remove }: Pick<CloudPoolConfig, "count" | "remove">): readonly number[] {
  const removed = new Set(remove);
  return Array.from({ length: count }, (_, index) => index).filter((index) => !removed.has(index));
}

export function cloudNodeName(clusterName: string, poolName: string, index: number): string {
  return `${clusterName}-${poolName}-${index}`;
}

export function drainSeconds(drainTimeout: string): number {
  const seconds = parseDuration(drainTimeout);
  if (seconds === undefined) throw new Error(`${drainTimeout} is no duration: validation should have refused it`);
  return seconds;
}

/** Machines of a cloud are made and unmade by a count; what stands elsewhere stands for long. */
export function planPoolRemoval(pool: PoolConfig): RemovalPlan {
  const isCloud = pool.provider !== "bare-metal";
  return {
    removeData: pool.removeData ?? (isCloud && pool.role === "agent"),
    drainPolicy: pool.drainPolicy ?? (isCloud && pool.spot ? "force" : "wait"),
  };
}

/** The comment that public key files end in is no part of the key: with it, touching the comment would look like another host. */
export function sshTarget(target: SshTargetConfig): SshTarget {
  return {
    address: target.address,
    port: target.port,
    user: target.user,
    hostKey: target.hostKey.trim().split(/\s+/).slice(0, 2).join(" "),
  };
}
