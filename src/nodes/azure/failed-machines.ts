import * as pulumi from "@pulumi/pulumi";
import type { AzureNodePlan, ClusterPlan } from "../../plan/cluster-plan";
import { type LastResource, lastOutputs, lastResources } from "../last-run";

/** The vmId of each node's machine that Azure has in the state Failed and that never became a node. */
export type FailedMachines = ReadonlyMap<string, string>;

/**
 * Finds, at preview too, the machines that Azure kept without having made them, for want of capacity above all. The engine tries a resource
 * again whose creation failed, but --refresh makes it forget that: the provider reads the machine without looking at its
 * provisioningState (pulumi/pulumi-azure-native: provider.go, Read), and nothing would ever be found to change. A machine that was reached
 * once is left alone: Azure says Failed also of one that runs and whose extension did not install.
 */
export async function findFailedMachines({ nodes }: ClusterPlan): Promise<FailedMachines> {
  const planned = nodes.filter((node) => node.kind === "azure");
  if (planned.length === 0) return new Map();
  // The last run's output says at little cost which are nodes; only where it does not say it of all, the state is read.
  const { nodes: told = [] } = await lastOutputs();
  const joined = new Set(told.filter(({ tailnetIp }) => tailnetIp !== "").map(({ name, machine }) => `${name} ${typeIn(machine)}`));
  const others = planned.filter(({ name, vmSize }) => !joined.has(`${name} ${vmSize}`));
  const failed = others.length === 0 ? new Map<string, string>() : failedAmong(others, await lastResources());
  for (const [name, vmId] of failed)
    await pulumi.log.warn(`${name}: Azure could not make its machine ${vmId} in an earlier run. It is removed, and another one asked for.`);
  return failed;
}

/** Of `ID TYPE`. */
const typeIn = (machine: string): string => machine.split(" ")[1] ?? "";

function failedAmong(nodes: readonly AzureNodePlan[], resources: Readonly<Record<string, LastResource>>): FailedMachines {
  const byName = new Map(Object.entries(resources).map(([urn, resource]) => [urn.split("::").at(-1) ?? urn, resource]));
  return new Map(
    nodes.flatMap(({ name }) => {
      const { provisioningState, vmId } = byName.get(`${name}-vm`)?.outputs ?? {};
      const isFailed = provisioningState === "Failed" && typeof vmId === "string" && !byName.has(`${name}-reach`);
      return isFailed ? [[name, vmId] as const] : [];
    }),
  );
}
