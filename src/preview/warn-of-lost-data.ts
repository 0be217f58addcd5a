import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { LostVolume } from "../operator-tools/host/prepare-removal.mjs" with { "resolution-mode": "import" };
import type { DrainedNode } from "../nodes/drained-node";
import { type LeavingNode, nodesToLeave } from "./nodes-to-leave";
import type { ServerRoute } from "../remote/connection";
import { askServers, findServers } from "./ask-servers";

export type ListLostVolumes = (input: Record<string, unknown>, nodes: readonly string[]) => Promise<readonly LostVolume[]>;

/**
 * Says in a preview which volumes are lost with nodes of the last run that this one removes or replaces, and the pods that use them. One
 * session to a server, and none where no node goes. That it cannot be told is a warning.
 */
export async function warnOfLostData(
  context: ClusterContext,
  agents: readonly DrainedNode[],
  servers: readonly ServerRoute[],
  look: ListLostVolumes = listOverSsh,
): Promise<void> {
  if (!pulumi.runtime.isDryRun()) return;
  const leaving = await nodesToLeave(context.plan, agents);
  if (leaving.length === 0) return;
  // A server that is yet to be made holds no volumes.
  const known = await findServers(context, servers);
  if (known === undefined) return;
  const names = leaving.map(({ name }) => name);
  try {
    const volumes = await look(known, names);
    for (const node of leaving) await warnOfNode(context, node, volumes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await pulumi.log.warn(`Whether volumes are lost with ${names.join(", ")} could not be seen: ${reason}`);
  }
}

async function warnOfNode(
  { plan }: ClusterContext,
  { name, pool, isReplaced }: LeavingNode,
  volumes: readonly LostVolume[],
): Promise<void> {
  const own = volumes.filter(({ node }) => node === name);
  if (own.length === 0) return;
  const { describeVolume } = await import("../operator-tools/host/prepare-removal.mjs");
  await pulumi.log.warn(
    `${name} is ${isReplaced ? "replaced" : "removed"}, and with it goes what no other node can use: ${own.map(describeVolume).join("; ")}. ` +
      verdict(plan.removals[pool]?.removeData, pool),
  );
}

function verdict(removeData: boolean | undefined, pool: string): string {
  if (removeData === true) return `removeData of pool ${pool} is true, so the data goes without another question.`;
  if (removeData === false) return `removeData of pool ${pool} is false, so pulumi up refuses that.`;
  return `Pool ${pool} is no longer in the config, so what its removeData said last decides (by default false on metal: pulumi up then refuses).`;
}

async function listOverSsh(input: Record<string, unknown>, nodes: readonly string[]): Promise<readonly LostVolume[]> {
  const { listLostVolumes } = await import("../operator-tools/host/prepare-removal.mjs");
  return askServers((context) => listLostVolumes({ ...input, nodes }, context));
}
