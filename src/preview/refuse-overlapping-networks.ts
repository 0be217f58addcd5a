import { getSubnet as getAwsSubnet } from "@pulumi/aws/ec2";
import { getSubnet as getAzureSubnet } from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import { overlap, readCidr, tailnetCidr } from "../config/values/cidr";
import { subscriptionIn } from "../config/rules/azure-subscription";
import type { ClusterPlan } from "../plan/cluster-plan";
import { errorText, isUnusable } from "../clouds/cloud-errors";

/** A subnet of a network that is there already, and what it spans; or why that is not known, and whether it can be used all the same. */
interface Span {
  readonly path: string;
  readonly ranges: readonly string[];
  readonly unknown?: { readonly why: string; readonly isFault: boolean };
}

/** What is known of a subnet for certain, and rules it out. */
class UnfitSubnet extends Error {}

/**
 * Reads, at preview too, what the existing subnets span, and throws one RunError with all that overlap the cluster's own ranges: machines
 * in them would send pods' traffic to their neighbours. What cannot be looked at, though it may be used, is only told. Ranges in the config
 * are compared by its validation.
 */
export async function refuseOverlappingNetworks(plan: ClusterPlan): Promise<void> {
  const own = [
    ["cluster.podCidr", plan.podCidr],
    ["cluster.serviceCidr", plan.serviceCidr],
    ["the tailnet's addresses", tailnetCidr],
  ] as const;
  const spans = (await Promise.all(plan.networks.map(spansOf))).flat();
  const ranges = own.map(([what, cidr]) => `${what} (${cidr})`).join(", ");
  for (const { path, unknown } of spans)
    if (unknown?.isFault === false)
      await pulumi.log.warn(`${path} could not be looked at (${unknown.why}); see that it is apart from ${ranges}`);
  const faults = spans.flatMap(({ path, ranges: spanned, unknown }) => {
    if (unknown !== undefined) return unknown.isFault ? [`- ${path} cannot be used (${unknown.why}); check its id and the credential`] : [];
    const met = own.filter(([, cidr]) => spanned.some((range) => doOverlap(range, cidr)));
    return met.map(
      ([what, cidr]) => `- ${path} spans ${spanned.join(", ")}, which overlaps ${what} (${cidr}); name a subnet apart from it`,
    );
  });
  if (faults.length > 0) throw new pulumi.RunError(["Existing networks cannot be used, and nothing was made:", ...faults].join("\n"));
}

async function spansOf(network: ClusterPlan["networks"][number]): Promise<Span[]> {
  const at = (subnetId: string) => `networks.${network.kind}.${network.region}: subnet ${subnetId}`;
  if (network.kind === "aws") {
    const { region, vpc } = network;
    if (vpc.kind === "made") return [];
    return Promise.all(vpc.subnetIds.map((id) => spanned(at(id), rangesInAws(region, vpc.vpcId, id))));
  }
  const { vnet } = network;
  return vnet.kind === "made" ? [] : [await spanned(at(vnet.subnetId), rangesInAzure(vnet.subnetId))];
}

async function rangesInAws(region: string, vpcId: string, id: string): Promise<string[]> {
  const subnet = await getAwsSubnet({ region, id });
  if (subnet.vpcId !== vpcId) throw new UnfitSubnet(`it is in ${subnet.vpcId}, not in ${vpcId}`);
  return [subnet.cidrBlock];
}

async function rangesInAzure(subnetId: string): Promise<string[]> {
  const { id = subnetId, addressPrefix, addressPrefixes = [] } = await getAzureSubnet(azureNames(subnetId));
  // Looked at is the subnet of these names in the credential's own subscription, which validation knows only where it is written down.
  const [wanted, seen] = [subnetId, id].map((text) => subscriptionIn(text)?.toLowerCase());
  if (seen !== wanted)
    throw new UnfitSubnet(`the stack's subscription is another one, where Azure takes no subnet from elsewhere: ${seen}`);
  return [...new Set([...(addressPrefix === undefined ? [] : [addressPrefix]), ...addressPrefixes])];
}

const spanned = (path: string, ranges: Promise<string[]>): Promise<Span> =>
  ranges.then(
    (known) => ({ path, ranges: known }),
    (error: unknown) => {
      const why = errorText(error);
      return { path, ranges: [], unknown: { why, isFault: error instanceof UnfitSubnet || isUnusable(why) } };
    },
  );

function doOverlap(one: string, other: string): boolean {
  const [a, b] = [readCidr(one), readCidr(other)];
  return a.kind === "network" && b.kind === "network" && overlap(a.network, b.network);
}

/** The parts of `/subscriptions/.../resourceGroups/GROUP/.../virtualNetworks/VNET/subnets/SUBNET`. */
export function azureNames(subnetId: string): { resourceGroupName: string; virtualNetworkName: string; subnetName: string } {
  const parts = /\/resourceGroups\/([^/]+)\/.*\/virtualNetworks\/([^/]+)\/subnets\/([^/]+)$/i.exec(subnetId);
  const [, resourceGroupName = "", virtualNetworkName = "", subnetName = ""] = parts ?? [];
  return { resourceGroupName, virtualNetworkName, subnetName };
}
