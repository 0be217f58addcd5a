import type { ConfigIssue } from "../config-issue";
import type { PlacedPool } from "../pool-hosts";

/** How many nodes of a pool are changed in place at the same time. */
export function validateUpgrade({ pool, at }: PlacedPool): readonly ConfigIssue[] {
  const most = pool.upgrade?.maxUnavailable;
  if (most === undefined || most === 1) return [];
  const path = at("upgrade", "maxUnavailable");
  if (most < 1) return [{ path, problem: `${most} nodes at the same time would upgrade none`, remedy: "Write 1 or more." }];
  if (pool.role !== "server") return [];
  return [{ path, problem: "is more than 1 for servers, which are upgraded one at a time", remedy: "Remove it." }];
}
