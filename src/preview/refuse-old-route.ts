import * as pulumi from "@pulumi/pulumi";
import { lastOutputs } from "./last-run";
import type { ClusterPlan } from "../plan/cluster-plan";
import { clusterStatus, hasLostWays, isOtherCluster } from "../plan/cluster-status";
import type { DrainedNode } from "../nodes/drained-node";
import { nodesToLeave } from "./nodes-to-leave";

/**
 * Refuses, at preview too, to remove agents in the run that is told another way to the first server (host key, address, bastion). What a
 * node's removal knows is what the state holds of it, and no run writes that for a node that the config no longer has: it would ask the old
 * address, or turn away from the new key, in this run and in all that follow.
 */
export async function refuseOldRoute(plan: ClusterPlan): Promise<void> {
  if (!(await hasOldRoute(plan))) return;
  const { nodes: before = [] } = await lastOutputs();
  const kept = new Set(plan.nodes.map(({ name }) => name));
  refuse(
    plan,
    before.filter(({ name, role }) => role === "agent" && !kept.has(name)).map(({ name }) => name),
  );
}

/** The same for nodes that are made again, which a preview alone can tell. */
export async function refuseOldRouteForReplaced(plan: ClusterPlan, agents: readonly DrainedNode[]): Promise<void> {
  if (!pulumi.runtime.isDryRun() || !(await hasOldRoute(plan))) return;
  const leaving = await nodesToLeave(plan, agents);
  refuse(
    plan,
    leaving.map(({ name }) => name),
  );
}

/** With another cluster in its place nothing is drained. */
async function hasOldRoute(plan: ClusterPlan): Promise<boolean> {
  const { cluster: before } = await lastOutputs();
  const now = clusterStatus(plan);
  return before !== undefined && hasLostWays(before, now) && !isOtherCluster(before, now);
}

function refuse({ firstServer }: ClusterPlan, leaving: readonly string[]): void {
  if (leaving.length === 0) return;
  throw new pulumi.RunError(
    `The way to ${firstServer.name}, the first server, is another one than in the last run (host key, address, port, user or bastion), and this run ` +
      `removes or replaces ${leaving.join(", ")}, whose removal goes to ${firstServer.name} by the way that the state holds: it would fail, in later runs too. ` +
      `Nothing was changed. Do it in two runs: with ${leaving.length === 1 ? "that node" : "those nodes"} left as before, pulumi up brings the new way ` +
      "into the state; then make the other change.",
  );
}
