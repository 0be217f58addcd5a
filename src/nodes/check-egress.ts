import { getRouteTable } from "@pulumi/aws/ec2";
import { getSubnet } from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import type { AwsNetworkPlan, AzureNetworkPlan, ClusterPlan } from "../plan/cluster-plan";
import { azureNames, errorText } from "./check-existing-ranges";
import { everywhere } from "./cloud-firewall";

/**
 * Reads, at preview too, whether private machines in networks that are there already have a way out, and throws one RunError with all that
 * have none: their first boot and their joining would end in time limits.
 */
export async function refuseMissingEgress(plan: ClusterPlan): Promise<void> {
  const inPrivate = (name: string) => plan.nodes.some((node) => node.kind !== "bare-metal" && node.network === name && !node.publicIp);
  const faults = await Promise.all(
    plan.networks.map(async (network) => {
      if (!inPrivate(network.name)) return [];
      return network.kind === "aws" ? awsFaults(network) : azureFaults(network);
    }),
  );
  if (faults.flat().length === 0) return;
  const lines = faults.flat().map((fault) => `- ${fault}`);
  throw new pulumi.RunError(["Machines with publicIp: false need a way out of their network, and nothing was made:", ...lines].join("\n"));
}

async function awsFaults({ region, vpc }: AwsNetworkPlan): Promise<string[]> {
  if (vpc.kind === "made") return [];
  const perSubnet = vpc.subnetIds.map(async (subnetId) => {
    const at = `networks.aws.${region}: subnet ${subnetId}`;
    const table = await ofSubnet(region, vpc.vpcId, subnetId).catch((error: unknown) => errorText(error));
    if (typeof table === "string") return [`${at} could not be looked at (${table}); check vpcId, subnetIds and the credential`];
    const way = table.routes.find(({ cidrBlock }) => cidrBlock === everywhere);
    if (way === undefined) return [`${at} has no route to ${everywhere}; add one through a NAT gateway`];
    if (way.gatewayId.startsWith("igw-")) {
      return [
        `${at} sends ${everywhere} to the internet gateway ${way.gatewayId}, which serves public addresses only; route it through a NAT gateway`,
      ];
    }
    return [];
  });
  return (await Promise.all(perSubnet)).flat();
}

/** A subnet that no route table names uses its VPC's main one (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html). */
async function ofSubnet(region: string, vpcId: string, subnetId: string) {
  const own = await getRouteTable({ region, subnetId }).catch(() => undefined);
  return own ?? getRouteTable({ region, vpcId, filters: [{ name: "association.main", values: ["true"] }] });
}

async function azureFaults({ region, vnet }: AzureNetworkPlan): Promise<string[]> {
  if (vnet.kind === "made") return [];
  const at = `networks.azure.${region}: subnet ${vnet.subnetId}`;
  const subnet = await getSubnet(azureNames(vnet.subnetId)).catch((error: unknown) => errorText(error));
  if (typeof subnet === "string") return [`${at} could not be looked at (${subnet}); check subnetId and the credential`];
  if (subnet.natGateway !== undefined || subnet.routeTable !== undefined) return [];
  return [`${at} has neither a NAT gateway nor a route table; give it a NAT gateway`];
}
