import { lastOutputs } from "./last-run";
import { type ClusterPlan, hasSeveralServers } from "../plan/cluster-plan";
import { isKnown } from "../undocumented-pulumi";
import type { DrainedNode } from "../nodes/drained-node";

export interface LeavingNode {
  readonly name: string;
  readonly pool: string;
  readonly isReplaced: boolean;
}

/** Nodes that the last run saw in the cluster, and that are gone from the config or, in a preview, are drained because a link of their chain is new. */
export async function nodesToLeave(plan: ClusterPlan, leavers: readonly DrainedNode[]): Promise<readonly LeavingNode[]> {
  const { nodes: before = [] } = await lastOutputs();
  // An only server is never drained.
  const mayLeave = (role: string) => role === "agent" || hasSeveralServers(plan);
  const joined = before.filter(
    ({ name, role, tailnetIp }) => mayLeave(role) && tailnetIp !== "" && (role !== "agent" || name !== plan.firstServer.name),
  );
  const leaving = new Map(leavers.map(({ plan: { name }, leavesWith }) => [name, leavesWith]));
  const found = joined.map(async ({ name, pool }) => {
    const link = leaving.get(name);
    return link !== undefined && (await isKnown(link.id)) ? [] : [{ name, pool, isReplaced: link !== undefined }];
  });
  return (await Promise.all(found)).flat();
}
