import type { CloudNetworkPlan, ClusterPlan } from "./cluster-plan";

/** One row of the stack's `networks` output: a network that cloud nodes stand in. */
export interface NetworkStatus {
  readonly provider: string;
  readonly region: string;
  /** Range of a network that the stack makes; empty for one that was there already. */
  readonly cidr: string;
  /** Ids of a network that was there already: its VPC and subnets, or its subnet. */
  readonly existing: readonly string[];
}

export function networkStatuses({ networks }: Pick<ClusterPlan, "networks">): readonly NetworkStatus[] {
  return networks.map((network) => ({ provider: network.kind, region: network.region, cidr: rangeOf(network), existing: idsOf(network) }));
}

/** Range of a network that the stack makes; empty for one that is there already. */
export function rangeOf(network: CloudNetworkPlan): string {
  const placed = network.kind === "aws" ? network.vpc : network.vnet;
  return placed.kind === "made" ? placed.cidr : "";
}

function idsOf(network: CloudNetworkPlan): readonly string[] {
  if (network.kind === "azure") return network.vnet.kind === "existing" ? [network.vnet.subnetId] : [];
  return network.vpc.kind === "existing" ? [network.vpc.vpcId, ...network.vpc.subnetIds] : [];
}
