import { getSubnet as getAwsSubnet } from "@pulumi/aws/ec2";
import { getSubnet as getAzureSubnet } from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import { overlap, readCidr, tailnetCidr } from "../config/cidr";
import { subscriptionIn } from "../config/validate-azure-subscription";
import type { ClusterPlan } from "../plan/cluster-plan";

/** A subnet of a network that is there already, and what it spans; or why that is not known. */
interface Span {
  readonly path: string;
  readonly ranges: readonly string[];
  readonly unknown?: string;
}

/**
 * Reads, at preview too, what the existing subnets span, and throws one RunError with all that overlap the cluster's own ranges: machines
 * in them would send pods' traffic to their neighbours. Ranges in the config are compared by its validation.
 */
export async function refuseOverlappingNetworks(plan: ClusterPlan): Promise<void> {
  const own = [
    ["cluster.podCidr", plan.podCidr],
    ["cluster.serviceCidr", plan.serviceCidr],
    ["the tailnet's addresses", tailnetCidr],
  ] as const;
  const faults = (await Promise.all(plan.networks.map(spansOf))).flat().flatMap(({ path, ranges, unknown }) => {
    if (unknown !== undefined) return [`- ${path} could not be looked at (${unknown}); check its id and the credential`];
    const met = own.filter(([, cidr]) => ranges.some((range) => doOverlap(range, cidr)));
    return met.map(([what, cidr]) => `- ${path} spans ${ranges.join(", ")}, which overlaps ${what} (${cidr}); name a subnet apart from it`);
  });
  if (faults.length > 0) throw new pulumi.RunError(["Existing networks cannot be used, and nothing was made:", ...faults].join("\n"));
}

async function spansOf(network: ClusterPlan["networks"][number]): Promise<Span[]> {
  const at = (subnetId: string) => `networks.${network.kind}.${network.region}: subnet ${subnetId}`;
  if (network.kind === "aws") {
    const { region, vpc } = network;
    if (vpc.kind === "made") return [];
    return Promise.all(
      vpc.subnetIds.map((id) =>
        spanned(
          at(id),
          getAwsSubnet({ region, id }).then(({ cidrBlock }) => [cidrBlock]),
        ),
      ),
    );
  }
  const { vnet } = network;
  if (vnet.kind === "made") return [];
  const names = azureNames(vnet.subnetId);
  const ranges = getAzureSubnet(names).then(({ id, addressPrefix, addressPrefixes = [] }) => {
    // Looked at is the subnet of these names in the credential's own subscription, which validation knows only where it is written down.
    const [wanted, seen] = [vnet.subnetId, id ?? vnet.subnetId].map((text) => subscriptionIn(text)?.toLowerCase());
    if (seen !== wanted) throw new Error(`the stack's subscription is another one, where Azure takes no subnet from elsewhere: ${seen}`);
    return [...new Set([...(addressPrefix === undefined ? [] : [addressPrefix]), ...addressPrefixes])];
  });
  return [await spanned(at(vnet.subnetId), ranges)];
}

const spanned = (path: string, ranges: Promise<string[]>): Promise<Span> =>
  ranges.then(
    (known) => ({ path, ranges: known }),
    (error: unknown) => ({ path, ranges: [], unknown: errorText(error) }),
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

/** What the cloud said, on one line: the AWS provider counts its errors on a line before the first ("1 error occurred:"). */
export const errorText = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s*\n[\s*]*/g, " ");
