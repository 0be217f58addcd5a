import { formatNetwork, type Network, readCidr } from "../config/values/cidr";
import { type CloudProvider, cloudProviders, defaultNetwork, findRegion, type Region, spreadZones } from "../catalog/regions";
import type { CloudPoolConfig, HybridConfig, PoolConfig } from "../config/schema";
import { awsSubnet, azureSubnet, zonePlace } from "../catalog/subnet-layout";
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
  const gatewayZone = natGateway === true && hidden.length > 0 ? natGatewayZone(config, region) : undefined;
  // The NAT gateway stands in a public subnet, so there is one also where every pool is private.
  const open = [...zonesOf(pools), ...(gatewayZone === undefined ? [] : [gatewayZone])];
  return {
    ...base,
    vpc: {
      kind: "made",
      cidr: formatNetwork(network),
      subnets: [...awsSubnets(network, region, open, true), ...awsSubnets(network, region, zonesOf(hidden), false)],
      ...(gatewayZone === undefined ? {} : { natGatewayIn: awsSubnetName(gatewayZone, true) }),
    },
  };
}

/**
 * By all private pools that the config has there, also those without a node: another pool's burst must not take the gateway from under
 * machines that stand.
 */
function natGatewayZone(config: HybridConfig, region: string): string | undefined {
  const zones = zonesOf(Object.values(config.pools).flatMap((pool) => (isPrivateIn(pool, region) ? [pool] : [])));
  return inOrder(zones, region)[0];
}

const isPrivateIn = (pool: PoolConfig, region: string): pool is CloudPoolConfig =>
  pool.provider === "aws" && pool.region === region && !pool.publicIp;

const zonesOf = (pools: readonly CloudPoolConfig[]): readonly string[] =>
  pools.flatMap((pool) => spreadZones(awsRegion(pool.region), pool.zones));

function inOrder(zones: readonly string[], region: string): readonly string[] {
  const placeOf = (zone: string) => zonePlace(awsRegion(region), zone);
  return [...new Set(zones)].sort((a, b) => placeOf(a) - placeOf(b));
}

function awsSubnets(network: Network, region: string, zones: readonly string[], isPublic: boolean): readonly SubnetPlan[] {
  return inOrder(zones, region).map((zone) => ({
    name: awsSubnetName(zone, isPublic),
    zone,
    cidr: formatNetwork(awsSubnet(network, awsRegion(region), zone, isPublic)),
    isPublic,
  }));
}

const awsSubnetName = (zone: string, isPublic: boolean): string => `${isPublic ? "public" : "private"}-${zone}`;

function awsRegion(name: string): Region {
  const region = findRegion("aws", name);
  if (region === undefined) throw new Error(`${name} is no region of aws: validation should have refused it`);
  return region;
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
