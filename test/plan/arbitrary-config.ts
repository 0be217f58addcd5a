import fc from "fast-check";
import { findRegion } from "../../src/catalog/regions";
import type { HybridConfig } from "../../src/config/schema";
import { configWith, hostKey, type Overrides } from "../helpers/config-builder";

interface AgentPool {
  readonly bastion: boolean;
  readonly hosts: readonly { readonly generation: number; readonly external: boolean }[];
  readonly labels: Readonly<Record<string, string>>;
}

interface CloudPool {
  readonly provider: "aws" | "azure";
  readonly region: number;
  readonly count: number;
  readonly remove: readonly number[];
  readonly zones: number;
  readonly firstZone: number;
  readonly hidden: boolean;
  readonly spot: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const agentPool: fc.Arbitrary<AgentPool> = fc.record({
  bastion: fc.boolean(),
  hosts: fc.array(fc.record({ generation: fc.nat(3), external: fc.boolean() }), { maxLength: 5 }),
  labels: fc.dictionary(label, label, { maxKeys: 3 }),
});

const cloudPool: fc.Arbitrary<CloudPool> = fc.record({
  provider: fc.constantFrom("aws", "azure"),
  region: fc.nat(3),
  count: fc.nat(5),
  remove: fc.array(fc.nat(6), { maxLength: 3 }),
  zones: fc.nat(3),
  firstZone: fc.nat(5),
  hidden: fc.boolean(),
  spot: fc.boolean(),
  labels: fc.dictionary(label, label, { maxKeys: 3 }),
});
const regions = {
  aws: ["eu-central-1", "eu-west-1", "ap-northeast-1", "us-east-1"],
  azure: ["westeurope", "northeurope", "japaneast"],
} as const;

export const sshPublicKey = hostKey(99);

/** Valid configs: one server, in any place among up to four pools of metal agents, and up to four cloud pools. */
export const arbitraryConfig: fc.Arbitrary<HybridConfig> = fc
  .record({
    pools: fc.array(agentPool, { maxLength: 4 }),
    clouds: fc.array(cloudPool, { maxLength: 4 }),
    serverAt: fc.nat(4),
    second: fc.nat(200),
    nodePorts: fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), { maxLength: 3 }),
  })
  .map(({ pools, clouds, serverAt, second, nodePorts }) => {
    const agents = pools.map((pool, index) => [`pool-${index}`, poolSettings(pool, index)] as const);
    const server = [
      "rack",
      { provider: "bare-metal", role: "server", hosts: [{ name: "rack-1", address: "192.0.2.10", user: "ops", hostKey: hostKey(1) }] },
    ] as const;
    const bursts = clouds.map((pool, index) => [`burst-${index}`, cloudSettings(pool)] as const);
    const overrides: Overrides = {
      pools: Object.fromEntries([...agents.slice(0, serverAt), server, ...agents.slice(serverAt), ...bursts]),
      networks: withWaysOut,
      "access.allowedCidrs": ["203.0.113.7/32"],
      "cluster.podCidr": `10.${second}.0.0/16`,
      "cluster.serviceCidr": `10.${second + 1}.0.0/16`,
      "vpn.nodePorts": nodePorts,
    };
    return configWith(overrides);
  });

const waysOut = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, { natGateway: true }]));
const withWaysOut = { aws: waysOut(regions.aws), azure: waysOut(regions.azure) };

function cloudSettings({ provider, region, count, remove, zones, firstZone, hidden, spot, labels }: CloudPool): unknown {
  const name = regions[provider][region] ?? regions[provider][0];
  const all = findRegion(provider, name)?.zones ?? [];
  return {
    provider,
    role: "agent",
    count,
    remove,
    region: name,
    spot,
    labels,
    ...(zones === 0 ? {} : { zones: all.map((_, index) => all[(firstZone + index) % all.length]).slice(0, zones) }),
    ...(hidden ? { publicIp: false, reachableBy: "private" } : {}),
    ...(provider === "aws" ? { instanceType: "t3.large" } : { vmSize: "Standard_D2s_v5" }),
  };
}

function poolSettings(pool: AgentPool, index: number): unknown {
  return {
    provider: "bare-metal",
    role: "agent",
    labels: pool.labels,
    ...(pool.bastion ? { bastion: { address: `192.0.2.${20 + index}`, user: "jump", hostKey: hostKey(90 + index) } } : {}),
    hosts: pool.hosts.map(({ generation, external }, at) => ({
      name: `node-${index}-${at}`,
      address: `198.18.${index}.${at + 1}`,
      user: "ops",
      hostKey: hostKey(10 + index * 10 + at),
      generation,
      ...(external ? { externalIp: `198.51.100.${index * 10 + at}` } : {}),
    })),
  };
}
