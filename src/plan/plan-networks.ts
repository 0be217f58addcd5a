import { formatNetwork, type Network, readCidr } from "../config/cidr";
import { type CloudProvider, cloudProviders, defaultNetwork, findRegion, spreadZones } from "../config/regions";
import type { CloudPoolConfig, HybridConfig } from "../config/schema";
import { awsSubnet, azureSubnet, zonePlace } from "../config/subnet-layout";
import type { AwsNetworkPlan, AzureNetworkPlan, CloudNetworkPlan, CloudNodePlan } from "./cluster-plan";
import type { SubnetPlan } from "./network-plan";

export function networkName(config: HybridConfig, provider: CloudProvider, region: string): string {
  return `${config.cluster.name}-${provider}-${region}`;
}

/**
 * One network for each region that a node stands in; it goes with the last of them. What is in it follows from the settings of the pools
 * that have nodes, not from how many they have: a burst from 1 to 3 changes no network.
 */
export function planNetworks(config: HybridConfig, nodes: readonly CloudNodePlan[]): readonly CloudNetworkPlan[] {
  const poolsInUse = new Set(nodes.map(({ pool }) => pool));
  const pools = Object.entries(config.pools).flatMap(([name, pool]) =>
    pool.provider !== "bare-metal" && poolsInUse.has(name) ? [pool] : [],
  );
  return cloudProviders.flatMap((provider) => {
    const ofProvider = pools.filter((pool) => pool.provider === provider);
    return [...new Set(ofProvider.map(({ region }) => region))].map((region) => {
      const inRegion = ofProvider.filter((pool) => pool.region === region);
      return provider === "aws" ? planAwsNetwork(config, region, inRegion) : planAzureNetwork(config, region, inRegion);
    });
  });
}

function planAwsNetwork(config: HybridConfig, region: string, pools: readonly CloudPoolConfig[]): AwsNetworkPlan {
  const { vpcId, subnetIds, cidr, natGateway } = config.networks.aws[region] ?? {};
  const base = { kind: "aws" as const, ...sharedBy(config, "aws", region) };
  if (vpcId !== undefined && subnetIds !== undefined) return { ...base, vpc: { kind: "existing", vpcId, subnetIds } };
  const network = readNetwork("aws", region, cidr);
  const hidden = pools.filter((pool) => !pool.publicIp);
  return {
    ...base,
    vpc: {
      kind: "made",
      cidr: formatNetwork(network),
      // The NAT gateway stands in a public subnet, so there is one also where every pool is private.
      subnets: [...awsSubnets(network, region, pools, true), ...awsSubnets(network, region, hidden, false)],
      natGateway: natGateway === true && hidden.length > 0,
    },
  };
}

function awsSubnets(network: Network, regionName: string, pools: readonly CloudPoolConfig[], isPublic: boolean): readonly SubnetPlan[] {
  const region = findRegion("aws", regionName);
  if (region === undefined) throw new Error(`${regionName} is no region of aws: validation should have refused it`);
  const zones = [...new Set(pools.flatMap((pool) => spreadZones(region, pool.zones)))];
  return zones
    .sort((a, b) => zonePlace(region, a) - zonePlace(region, b))
    .map((zone) => ({
      name: `${isPublic ? "public" : "private"}-${zone}`,
      zone,
      cidr: formatNetwork(awsSubnet(network, region, zone, isPublic)),
      isPublic,
    }));
}

function planAzureNetwork(config: HybridConfig, region: string, pools: readonly CloudPoolConfig[]): AzureNetworkPlan {
  const { subnetId, cidr, natGateway } = config.networks.azure[region] ?? {};
  const base = { kind: "azure" as const, ...sharedBy(config, "azure", region) };
  if (subnetId !== undefined) return { ...base, vnet: { kind: "existing", subnetId } };
  const network = readNetwork("azure", region, cidr);
  const kinds = [true, false].filter((isPublic) => pools.some((pool) => pool.publicIp === isPublic));
  return {
    ...base,
    vnet: {
      kind: "made",
      cidr: formatNetwork(network),
      subnets: kinds.map((isPublic) => ({
        name: isPublic ? "public" : "private",
        cidr: formatNetwork(azureSubnet(network, isPublic)),
        isPublic,
      })),
      natGateway: natGateway === true && kinds.includes(false),
    },
  };
}

function sharedBy(config: HybridConfig, provider: CloudProvider, region: string) {
  return { name: networkName(config, provider, region), region, sshCidrs: config.access.allowedCidrs ?? [] };
}

function readNetwork(provider: CloudProvider, region: string, written: string | undefined): Network {
  if (written === undefined) return defaultNetwork(provider, region);
  const cidr = readCidr(written);
  if (cidr.kind !== "network") throw new Error(`${written} is no network: validation should have refused it`);
  return cidr.network;
}
