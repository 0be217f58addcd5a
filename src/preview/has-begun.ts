import { type ClusterPlan, hasSeveralServers } from "../plan/cluster-plan";
import { scriptType } from "../remote/host-link";
import { lastResources } from "./last-run";

/**
 * Whether an earlier run began the cluster: then no server may begin one again, and one that is made again joins. The state is asked, though it
 * is much to hand over: the outputs of a run that got to its end say nothing of one that failed after it, or of a `destroy` that did. What tells
 * is what was read of the first server, and goes before any server does.
 */
export async function hasBegun(plan: Pick<ClusterPlan, "servers">): Promise<boolean> {
  if (!hasSeveralServers(plan)) return false;
  return Object.entries(await lastResources()).some(([urn, { type }]) => type === scriptType && urn.endsWith("-access"));
}
