import * as pulumi from "@pulumi/pulumi";
import type { FailedMachines } from "../clouds/azure/machine-changes";
import type { AzureNodePlan, ClusterPlan } from "../plan/cluster-plan";
import { type LastResource, lastResources } from "./last-run";

/**
 * Finds, at preview too, the machines that Azure kept without having made them, for want of capacity above all. The engine tries a resource
 * again whose creation failed, but --refresh makes it forget that: the provider reads the machine without looking at its
 * provisioningState (pulumi/pulumi-azure-native: provider.go, Read), and nothing would ever be found to change. A machine that was reached
 * once is left alone: Azure says Failed also of one that runs and whose extension did not install.
 * The state is asked, though it is much to hand over: the outputs of a run that got to its end say nothing of one that failed after it, where
 * another machine was to take a lost one's place.
 */
export async function findFailedMachines({ nodes }: ClusterPlan): Promise<FailedMachines> {
  const planned = nodes.filter((node) => node.kind === "azure");
  if (planned.length === 0) return new Map();
  const failed = failedAmong(planned, await lastResources());
  for (const [name, vmId] of failed)
    await pulumi.log.warn(`${name}: Azure could not make its machine ${vmId} in an earlier run. It is removed, and another one asked for.`);
  return failed;
}

function failedAmong(nodes: readonly AzureNodePlan[], resources: Readonly<Record<string, LastResource>>): FailedMachines {
  const byName = new Map(Object.entries(resources).map(([urn, resource]) => [urn.split("::").at(-1) ?? urn, resource]));
  return new Map(
    nodes.flatMap(({ name }) => {
      const { provisioningState, vmId } = byName.get(`${name}-vm`)?.outputs ?? {};
      if (provisioningState !== "Failed" || typeof vmId !== "string") return [];
      return reachedBy(byName.get(`${name}-wait-for-ssh`)).includes(vmId) ? [] : [[name, vmId] as const];
    }),
  );
}

/** The machines whose id made this link run: the one before may be meant, which was reached and is gone. */
function reachedBy(waitForSsh: LastResource | undefined): readonly unknown[] {
  const triggers = waitForSsh?.outputs["triggers"];
  return Array.isArray(triggers) ? triggers : [];
}
