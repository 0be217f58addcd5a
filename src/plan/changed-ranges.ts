import { listOf, settingPath } from "../config/config-issue";
import type { CloudNetworkPlan, ClusterPlan } from "./cluster-plan";
import { rangeOf } from "./network-status";

/** Range of a network that stands, by the network's name in the plan; empty for one that the stack did not make. */
export type StandingRanges = ReadonlyMap<string, string>;

/**
 * What a run would break: a network that the stack made and goes on making, with another range. AWS cannot take the internet gateway from a VPC
 * whose machines have public addresses, Azure cannot move a range from under its subnets. All other changes of a network give its nodes other
 * machines, which stand in another network by another name: an existing one, its subnets, another region.
 */
export function changedRanges(plan: Pick<ClusterPlan, "networks" | "nodes">, standing: StandingRanges): readonly string[] {
  return plan.networks.flatMap((network) => {
    const before = standing.get(network.name) ?? "";
    const wanted = rangeOf(network);
    return before === "" || wanted === "" || before === wanted ? [] : [describe(network, before, wanted, plan)];
  });
}

function describe(network: CloudNetworkPlan, before: string, wanted: string, { nodes }: Pick<ClusterPlan, "nodes">): string {
  const path = settingPath("networks", network.kind, network.region, "cidr");
  const there = nodes.flatMap((node) => (node.kind !== "bare-metal" && node.network === network.name ? [node] : []));
  const counts = [...new Set(there.map(({ pool }) => pool))].map((pool) => settingPath("pools", pool, "count"));
  const change = there.some(({ role }) => role === "server")
    ? "the cluster's server is among its nodes, so only `pulumi destroy` makes room for another range"
    : `set ${listOf(counts, "and")} to 0, run \`pulumi up\`, then change the range and raise ${counts.length === 1 ? "it" : "them"} again`;
  return `${path}: the network stands with ${before}, and the config says ${wanted}. Write ${before} to keep it; to change it, ${change}.`;
}
