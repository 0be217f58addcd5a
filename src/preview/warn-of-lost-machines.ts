import * as pulumi from "@pulumi/pulumi";
import { settingPath } from "../config/config-issue";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan";
import { azureDiskName } from "../clouds/azure/azure-disk-name";
import { lastOutputs } from "./last-run";
import { isKnown } from "../undocumented-pulumi";
import type { PlacedMachine } from "../nodes/node";

/**
 * Says in a preview which nodes get another machine, and why: whether the old one is gone from its cloud (after --refresh the state does not
 * hold it any more) or is to be another type. What the last run saw stands in the stack's own output `nodes`. Throws one RunError where that
 * is a server that was up, unless `cluster.allowServerReplacement`: the new one would be an empty cluster, and the guard could stop the run
 * only once its machine is made.
 */
export async function warnOfLostMachines(machines: readonly PlacedMachine[], plan: ClusterPlan): Promise<void> {
  if (machines.length === 0) return;
  const unknown = await Promise.all(machines.map(async (placed) => ((await isKnown(idOf(placed))) ? [] : [placed])));
  if (unknown.flat().length === 0) return;
  const { nodes: before = [] } = await lastOutputs();
  for (const { plan: node, machine } of unknown.flat()) {
    const last = before.find(({ name }) => name === node.name);
    if (last === undefined || last.machine === "") continue;
    const [id = "", type = ""] = last.machine.split(" ");
    const why = reason(node, id, type, machine.type);
    if (node.role === "server" && !plan.allowServerReplacement && last.tailnetIp !== "")
      throw new pulumi.RunError(refusal(plan, node, why));
    await pulumi.log.warn(`${node.name}: ${why}. Its Node and device are cleared before the new one joins.`);
  }
}

/** Azure tells its machines' own ids again at each change; the resource id is unknown only of one that is to be made. */
const idOf = ({ plan, machine }: PlacedMachine) => (plan.role === "server" ? machine.resourceId : machine.id);

function refusal({ name: cluster }: ClusterPlan, node: NodePlan, why: string): string {
  return (
    `${node.name}: ${why}. It is the server of cluster ${cluster}, and the new one would be an empty cluster; nothing was made or deleted. ` +
    `${keptDisk(node)}` +
    "If the machine still stands, take back what asked for another one (--replace, a region, zone or network). If it is gone, its cluster is: " +
    `\`pulumi destroy\` and \`pulumi up\`; or set ${settingPath("cluster", "allowServerReplacement")}: true, \`pulumi up\` (without --refresh), then ` +
    "`pulumi up --refresh`, and the other nodes join the new cluster."
  );
}

/** Where its data may be found. */
function keptDisk(node: NodePlan): string {
  if (node.kind !== "azure") return "";
  const disk = azureDiskName(node.name);
  return (
    `Its disk ${disk} is kept in the resource group ${node.network}: what is needed of it (/var/lib/rancher/k3s/server) is copied by another machine that it is attached to. ` +
    `It stands in a new machine's way: az disk delete -g ${node.network} -n ${disk}. `
  );
}

function reason(plan: NodePlan, id: string, type: string, wanted: string): string {
  if (type !== wanted) return `its machine ${id} is replaced, ${type} by ${wanted}`;
  const isSpot = plan.kind !== "bare-metal" && plan.spot !== undefined;
  return `its machine ${id} is gone from the cloud (${isSpot ? "spot: reclaimed, or terminated by somebody" : "terminated by somebody"}), was stopped or is to be made again, and another takes its place`;
}
