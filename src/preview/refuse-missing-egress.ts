import { getRouteTable, getVpnGateway } from "@pulumi/aws/ec2";
import { getSubnet } from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import type { AwsNetworkPlan, AzureNetworkPlan, ClusterPlan } from "../plan/cluster-plan";
import { needsVendors } from "../plan/plan-sources";
import { judgePrivate, judgePublic, type SubnetFinding } from "./subnet-ways";
import { azureNames } from "./refuse-overlapping-networks";
import { everywhere } from "../clouds/cloud-firewall";
import { errorText, isAbsent } from "../clouds/cloud-errors";

/**
 * Reads, at preview too, whether machines in networks that are there already have a way to the internet. Throws one RunError with all
 * subnets that have none: first boots and joins there would end in time limits. What may work is only told, and so is what cannot be looked
 * at: refuse-overlapping-networks.ts refuses what is not there.
 */
export async function refuseMissingEgress(plan: ClusterPlan): Promise<void> {
  const checks = plan.networks.map((network) => (network.kind === "aws" ? checkAws(plan, network) : checkAzure(plan, network)));
  const findings = (await Promise.all(checks)).flat();
  for (const { text } of findings.filter(({ kind }) => kind === "doubt")) await pulumi.log.warn(text);
  const faults = findings.filter(({ kind }) => kind === "fault").map(({ text }) => `- ${text}`);
  if (faults.length === 0) return;
  throw new pulumi.RunError(["Machines in existing networks have no way to the internet, and nothing was made:", ...faults].join("\n"));
}

/** Whether the network has machines with (or without) public addresses. */
function holds({ nodes }: ClusterPlan, networkName: string, isPublic: boolean): boolean {
  return nodes.some((node) => node.kind !== "bare-metal" && node.network === networkName && node.publicIp === isPublic);
}

/** All subnets, also those that no machine is in yet: the next burst goes there. */
async function checkAws(plan: ClusterPlan, { name, region, vpc }: AwsNetworkPlan): Promise<SubnetFinding[]> {
  if (vpc.kind === "made") return [];
  const kinds = [true, false].filter((isPublic) => holds(plan, name, isPublic));
  const uses = kinds.flatMap((isPublic) => vpc.subnetIds.map((subnetId) => ({ subnetId, isPublic })));
  const perUse = uses.map(async ({ subnetId, isPublic }): Promise<SubnetFinding[]> => {
    const of = (kind: SubnetFinding["kind"], text: string) => [{ kind, text: `networks.aws.${region}: subnet ${subnetId} ${text}` }];
    const table = await ofSubnet(region, vpc.vpcId, subnetId).catch((error: unknown) => errorText(error));
    if (typeof table === "string") return of("doubt", unseen(table));
    const found = isPublic ? judgePublic(table.routes) : judgePrivate(table.routes);
    if (found === "out") return [];
    if (found !== undefined) return of(isPublic || needsVendors(plan) ? found.kind : "doubt", found.text);
    const lacks = `has no route to ${everywhere}`;
    if (isPublic) return of("fault", `${lacks}; add one through an internet gateway, or set publicIp: false`);
    if (!needsVendors(plan)) return of("doubt", `${lacks}; mirror and control server must be within reach of it`);
    const propagating = await propagatesRoutes(region, vpc.vpcId);
    return propagating ? of("doubt", `${lacks} that shows; ${propagating}`) : of("fault", `${lacks}; add one through a NAT gateway`);
  });
  return (await Promise.all(perUse)).flat();
}

/** A subnet that no route table names uses its VPC's main one (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html). */
async function ofSubnet(region: string, vpcId: string, subnetId: string) {
  try {
    return await getRouteTable({ region, subnetId });
  } catch (error) {
    if (!isAbsent(errorText(error))) throw error;
    return getRouteTable({ region, vpcId, filters: [{ name: "association.main", values: ["true"] }] });
  }
}

const unseen = (said: string): string => `could not be looked at (${said}), and nobody knows whether machines get out of it`;

/** The provider leaves out the routes that a VPN gateway propagates (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_route_table_data_source.go). */
async function propagatesRoutes(region: string, attachedVpcId: string): Promise<string | undefined> {
  try {
    const { id } = await getVpnGateway({ region, attachedVpcId });
    return `the VPN gateway ${id} of the VPC may propagate one`;
  } catch (error) {
    const said = errorText(error);
    return isAbsent(said) ? undefined : `whether a VPN gateway propagates one could not be looked at (${said})`;
  }
}

/** All that Azure tells of a subnet leaves ways out that it does not tell of: what a hub or a gateway announces, and a load balancer's rules. */
async function checkAzure(plan: ClusterPlan, { name, region, vnet }: AzureNetworkPlan): Promise<SubnetFinding[]> {
  if (vnet.kind === "made" || !holds(plan, name, false)) return [];
  const of = (kind: SubnetFinding["kind"], text: string) => [{ kind, text: `networks.azure.${region}: subnet ${vnet.subnetId} ${text}` }];
  const subnet = await getSubnet(azureNames(vnet.subnetId)).catch((error: unknown) => errorText(error));
  if (typeof subnet === "string") return of("doubt", unseen(subnet));
  if (subnet.natGateway !== undefined || subnet.routeTable !== undefined) return [];
  const lacks = "has neither a NAT gateway nor a route table";
  if (subnet.defaultOutboundAccess !== false) {
    return of("doubt", `${lacks}: machines without public addresses get out by one that Azure lends and may change; a NAT gateway lasts`);
  }
  return of(
    "doubt",
    `${lacks}, and Azure lends no address there: machines without public ones get out only by a route that a hub or a gateway announces, ` +
      "or by a load balancer's outbound rules; where there are none, give it a NAT gateway",
  );
}
