import { getVirtualMachine } from "@pulumi/azure-native/compute";
import * as pulumi from "@pulumi/pulumi";
import { lastOutputs } from "./last-run";
import type { AzureNodePlan, ClusterPlan } from "../plan/cluster-plan";
import { errorText, isAbsent } from "../clouds/cloud-errors";

/** https://learn.microsoft.com/azure/virtual-machines/states-billing: of a machine that is starting the node comes by itself. */
const DOWN = ["stopping", "stopped", "deallocating", "deallocated"];

/**
 * Names, at preview too, the servers in Azure whose machines are stopped, with the command that starts each; nothing is replaced. Azure tells
 * it only when asked ($expand=instanceView), so that the machine's own resource never holds it. Agents are not asked for: one that is down is
 * told by its Node, and a look at each would cost a call a machine in every run. A machine that is gone is told by warn-of-lost-machines.ts.
 */
export async function warnOfStoppedServers({ nodes }: ClusterPlan): Promise<void> {
  const servers = nodes.filter((node) => node.kind === "azure").filter(({ role }) => role === "server");
  if (servers.length === 0) return;
  const { nodes: before = [] } = await lastOutputs();
  const made = servers.filter(({ name }) => before.some((last) => last.name === name && last.machine !== ""));
  await Promise.all(made.map(warnOfStopped));
}

async function warnOfStopped({ name, network: group }: AzureNodePlan): Promise<void> {
  const state = await powerState(name, group).catch((error: unknown) => ({ unseen: errorText(error) }));
  if (typeof state !== "string") {
    if (!isAbsent(state.unseen)) await pulumi.log.warn(`${name}: whether its machine runs could not be looked at (${state.unseen})`);
    return;
  }
  if (!DOWN.includes(state)) return;
  await pulumi.log.warn(
    `${name}: its machine is ${state}, and the node is down; start it (az vm start -g ${group} -n ${name}) and run pulumi up --refresh`,
  );
}

/** As its instance view says it: `running`, `stopped`, ...; empty where that says nothing of it. */
async function powerState(vmName: string, resourceGroupName: string): Promise<string> {
  const { instanceView } = await getVirtualMachine({ vmName, resourceGroupName, expand: "instanceView" });
  const code = instanceView.statuses?.map((status) => status.code ?? "").find((known) => known.startsWith("PowerState/"));
  return code?.slice("PowerState/".length) ?? "";
}
