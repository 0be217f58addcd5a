import * as pulumi from "@pulumi/pulumi";
import { changedRanges, type StandingRanges } from "../plan/changed-ranges";
import type { CloudNetworkPlan, ClusterPlan } from "../plan/cluster-plan";
import { rangeOf } from "../plan/network-status";
import { type LastResource, lastOutputs, lastResources } from "./last-run";

/** Refuses, at preview too, another range for a network that stands: the run would stop half-way, with machines in the old one. */
export async function refuseChangedRanges(plan: ClusterPlan): Promise<void> {
  const made = plan.networks.filter((network) => rangeOf(network) !== "");
  const faults = made.length === 0 ? [] : changedRanges(plan, await standingRanges(made));
  if (faults.length === 0) return;
  const lines = faults.map((fault) => `- ${fault}`);
  throw new pulumi.RunError(["The range of a network cannot change while it stands, and nothing was made:", ...lines].join("\n"));
}

/**
 * The last run's output says at little cost that nothing changes. Where it does not, the state decides: a run that failed since may have
 * made a network without an output, or have written one of a network that the cloud then refused.
 */
async function standingRanges(networks: readonly CloudNetworkPlan[]): Promise<StandingRanges> {
  const { networks: told = [] } = await lastOutputs();
  const isTold = (network: CloudNetworkPlan) =>
    told.some(({ provider, region, cidr }) => provider === network.kind && region === network.region && cidr === rangeOf(network));
  const others = networks.filter((network) => !isTold(network));
  const resources = others.length === 0 ? [] : Object.entries(await lastResources());
  return new Map(others.map((network) => [network.name, rangeInState(network, resources)]));
}

function rangeInState({ kind, name }: CloudNetworkPlan, resources: readonly (readonly [string, LastResource])[]): string {
  const [type, resource] = kind === "aws" ? ["aws:ec2/vpc:Vpc", `${name}-vpc`] : ["azure-native:network:VirtualNetwork", `${name}-vnet`];
  const outputs = resources.find(([urn, found]) => found.type === type && urn.endsWith(`::${resource}`))?.[1].outputs ?? {};
  if (kind === "aws") return typeof outputs["cidrBlock"] === "string" ? outputs["cidrBlock"] : "";
  const space = outputs["addressSpace"] as { readonly addressPrefixes?: readonly string[] } | undefined;
  return space?.addressPrefixes?.[0] ?? "";
}
