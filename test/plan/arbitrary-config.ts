import fc from "fast-check";
import type { HybridConfig } from "../../src/config/schema";
import { configWith, hostKey, type Overrides } from "../helpers/config-builder";

interface AgentPool {
  readonly bastion: boolean;
  readonly hosts: readonly { readonly generation: number; readonly external: boolean }[];
  readonly labels: Readonly<Record<string, string>>;
}

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const agentPool: fc.Arbitrary<AgentPool> = fc.record({
  bastion: fc.boolean(),
  hosts: fc.array(fc.record({ generation: fc.nat(3), external: fc.boolean() }), { maxLength: 5 }),
  labels: fc.dictionary(label, label, { maxKeys: 3 }),
});

/** Valid configs: one server, in any place among up to four pools of agents. */
export const arbitraryConfig: fc.Arbitrary<HybridConfig> = fc
  .record({
    pools: fc.array(agentPool, { maxLength: 4 }),
    serverAt: fc.nat(4),
    second: fc.nat(200),
    nodePorts: fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), { maxLength: 3 }),
  })
  .map(({ pools, serverAt, second, nodePorts }) => {
    const agents = pools.map((pool, index) => [`pool-${index}`, poolSettings(pool, index)] as const);
    const server = [
      "rack",
      { provider: "bare-metal", role: "server", hosts: [{ name: "rack-1", address: "192.0.2.10", user: "ops", hostKey: hostKey(1) }] },
    ] as const;
    const overrides: Overrides = {
      pools: Object.fromEntries([...agents.slice(0, serverAt), server, ...agents.slice(serverAt)]),
      "cluster.podCidr": `10.${second}.0.0/16`,
      "cluster.serviceCidr": `10.${second + 1}.0.0/16`,
      "vpn.nodePorts": nodePorts,
    };
    return configWith(overrides);
  });

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
