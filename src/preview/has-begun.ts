import { type ClusterPlan, hasSeveralServers } from "../plan/cluster-plan";
import { type ClusterStatus, clusterStatus, isOtherCluster } from "../plan/cluster-status";
import { scriptType } from "../remote/host-link";
import { lastOutputs, lastResources } from "./last-run";

/**
 * Whether an earlier run began the cluster: then no server may begin one again, and one that is made again joins. The state is asked, though it
 * is much to hand over: the outputs of a run that got to its end say nothing of one that failed after it, or of a `destroy` that did. What tells
 * is what was read of the first server, and goes before any server does.
 */
export async function hasBegun(plan: ClusterPlan): Promise<boolean> {
  if (!hasSeveralServers(plan) || beginsAgain((await lastOutputs()).cluster, plan)) return false;
  return Object.entries(await lastResources()).some(([urn, { type }]) => type === scriptType && urn.endsWith("-access"));
}

/**
 * What a cluster was begun by where it took the place of another one, all of whose servers were made again; nothing for the first of a stack. What is
 * read of a cluster is read again by another word, though nothing on its servers need differ.
 */
export async function begunBy(plan: ClusterPlan): Promise<string | undefined> {
  const { cluster: before } = await lastOutputs();
  return beginsAgain(before, plan) ? plan.firstServer.identity : before?.begunBy;
}

/** No server stays, which the run before had the permission for (refuse-other-cluster.ts). */
function beginsAgain(before: ClusterStatus | undefined, plan: ClusterPlan): boolean {
  return before?.serverReplacement === "allowed" && hasSeveralServers(plan) && isOtherCluster(before, clusterStatus(plan));
}
