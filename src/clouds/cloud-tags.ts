import type { CloudNodePlan } from "../plan/cluster-plan";

/** What every resource of the cluster carries in the clouds. */
export function cloudTags(cluster: string, plan?: CloudNodePlan): Record<string, string> {
  return {
    "hybrid-k3s-cluster": cluster,
    ...(plan && { "hybrid-k3s-pool": plan.pool, "hybrid-k3s-node": plan.name }),
  };
}
