import { lastOutputs } from "./last-run";
import type { ClusterPlan } from "../plan/cluster-plan";
import { isKnown } from "../undocumented-pulumi";
import type { DrainedNode } from "../nodes/drained-node";

export interface LeavingNode {
  readonly name: string;
  readonly pool: string;
  readonly isReplaced: boolean;
}

/** Nodes that the last run saw in the cluster, and that are gone from the config or, in a preview, are drained because a link of their chain is new. */
export async function nodesToLeave({ firstServer }: ClusterPlan, agents: readonly DrainedNode[]): Promise<readonly LeavingNode[]> {
  const { nodes: before = [] } = await lastOutputs();
  const joined = before.filter(({ name, role, tailnetIp }) => role === "agent" && tailnetIp !== "" && name !== firstServer.name);
  const drained = new Map(agents.map((agent) => [agent.plan.name, agent.drain]));
  const found = joined.map(async ({ name, pool }) => {
    const drain = drained.get(name);
    return drain !== undefined && (await isKnown(drain.id)) ? [] : [{ name, pool, isReplaced: drain !== undefined }];
  });
  return (await Promise.all(found)).flat();
}
