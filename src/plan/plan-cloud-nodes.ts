import { readInstanceType } from "../catalog/instance-architecture";
import type { Architecture } from "../catalog/images";
import { findRegion, spreadZones } from "../catalog/regions";
import type { AwsPoolConfig, AzurePoolConfig, CloudPoolConfig, HybridConfig } from "../config/schema";
import type { AwsNodePlan, AzureNodePlan, CloudNodePlan } from "./cluster-plan";
import { k3sConfigOf } from "./k3s-config";
import { cloudIdentity } from "./node-identity";
import { cloudLabels, cloudTaints, ownLabels } from "./own-marks";
import { cloudNodeName, drainSeconds, nodeIndices, planPoolRemoval, sortedByKey, sshTarget } from "./plan-parts";
import { networkName } from "./plan-networks";

type SharedPlan = Omit<CloudNodePlan, "kind" | "subnet">;

/** Nodes 0 to count - 1, without those taken out. A node's index, not its place among the others, decides its zone: none moves when one goes. */
export function planCloudNodes(
  config: HybridConfig,
  poolName: string,
  pool: CloudPoolConfig,
  sshPublicKey: string | undefined,
): readonly CloudNodePlan[] {
  const indices = nodeIndices(pool);
  if (indices.length === 0) return [];
  if (sshPublicKey === undefined) throw new Error(`no SSH public key for the machines of pool ${poolName}: loadConfig gives it`);
  const shared = sharedBy(config, poolName, pool, sshPublicKey);
  switch (pool.provider) {
    case "aws":
      return indices.map((index) => planAwsNode(config, pool, shared, index));
    case "azure":
      return indices.map((index) => planAzureNode(config, pool, shared, index));
  }
}

/** What all nodes of a pool have in common; computed once, for pools of hundreds. */
function sharedBy(config: HybridConfig, poolName: string, pool: CloudPoolConfig, sshPublicKey: string) {
  return {
    pool: poolName,
    role: pool.role,
    taints: cloudTaints(pool),
    drainSeconds: drainSeconds(pool.drainTimeout),
    removal: planPoolRemoval(pool),
    upgrade: pool.upgrade,
    identity: cloudIdentity({ role: pool.role, cluster: config.cluster, integration: config.vpn.integration }),
    ...(pool.bastion === undefined ? {} : { bastion: sshTarget(pool.bastion) }),
    region: pool.region,
    network: networkName(config, pool.provider, pool.region),
    publicIp: pool.publicIp,
    architecture: pool.architecture ?? architectureOf(pool),
    image: pool.image,
    diskGb: pool.diskGb,
    ...(pool.spot ? { spot: pool.spotMaxPrice === undefined ? {} : { maxPrice: pool.spotMaxPrice } } : {}),
    sshPublicKey,
  };
}

type SharedParts = ReturnType<typeof sharedBy>;

function planAwsNode(config: HybridConfig, pool: AwsPoolConfig, shared: SharedParts, index: number): AwsNodePlan {
  const subnetIds = config.networks.aws[pool.region]?.subnetIds;
  const zone = subnetIds === undefined ? nth(zonesOf(pool), index) : undefined;
  const subnet = subnetIds === undefined ? `${pool.publicIp ? "public" : "private"}-${zone}` : nth(subnetIds, index);
  const plan = planNode(config, pool, shared, index, zone);
  return { kind: "aws", ...plan, instanceType: pool.instanceType, subnet, ...(pool.tagInterface && { tagInterface: true }) };
}

function planAzureNode(config: HybridConfig, pool: AzurePoolConfig, shared: SharedParts, index: number): AzureNodePlan {
  const zones = zonesOf(pool);
  const zone = zones.length === 0 ? undefined : nth(zones, index);
  const subnet = config.networks.azure[pool.region]?.subnetId ?? (pool.publicIp ? "public" : "private");
  return { kind: "azure", ...planNode(config, pool, shared, index, zone), vmSize: pool.vmSize, subnet };
}

function planNode(config: HybridConfig, pool: CloudPoolConfig, shared: SharedParts, index: number, zone: string | undefined): SharedPlan {
  const name = cloudNodeName(config.cluster.name, shared.pool, index);
  const labels = sortedByKey({ ...ownLabels(shared.pool, pool), ...cloudLabels(pool, zone), ...pool.labels });
  const k3sConfig = k3sConfigOf({ config, pool, taints: shared.taints, labels, nodeName: name, externalIp: undefined });
  return { ...shared, name, labels, k3sConfig, ...(zone === undefined ? {} : { zone }) };
}

function zonesOf(pool: CloudPoolConfig): readonly string[] {
  const region = findRegion(pool.provider, pool.region);
  return region === undefined ? [] : spreadZones(region, pool.zones);
}

function nth(names: readonly string[], index: number): string {
  const name = names[index % names.length];
  if (name === undefined) throw new Error("a node without zone or subnet: validation should have refused this config");
  return name;
}

function architectureOf(pool: CloudPoolConfig): Architecture {
  const type = pool.provider === "aws" ? pool.instanceType : pool.vmSize;
  const read = readInstanceType(pool.provider, type);
  if (read.kind !== "known") throw new Error(`${type} is no type of machine for nodes: validation should have refused it`);
  return read.architecture;
}
