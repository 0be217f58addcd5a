import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { formatNetwork, networkOf } from "../../src/config/values/cidr";
import type { HybridConfig } from "../../src/config/schema";
import { validateConfig } from "../../src/config/validate";
import type { ClusterPlan, NodePlan } from "../../src/plan/cluster-plan";
import { planCluster as plan } from "../../src/plan/plan-cluster";
import { cloudPools, configWith, givenWith, hostKey } from "../helpers/config-builder";
import { arbitraryConfig, sshPublicKey } from "./arbitrary-config";

const planCluster = (config: HybridConfig, warnings: readonly string[] = []) => plan(config, { mirrorCaPem: "", warnings, sshPublicKey });

function withoutNode(config: HybridConfig, { name, pool: ofPool }: NodePlan): HybridConfig {
  const pools = Object.entries(config.pools).map(([poolName, pool]) => {
    if (poolName !== ofPool) return [poolName, pool];
    if (pool.provider === "bare-metal") return [poolName, { ...pool, hosts: pool.hosts.filter((host) => host.name !== name) }];
    return [poolName, { ...pool, remove: [...pool.remove, Number(name.slice(name.lastIndexOf("-") + 1))] }];
  });
  return { ...config, pools: Object.fromEntries(pools) as HybridConfig["pools"] };
}

/** Names of the nodes that a pool stands for. */
function namesIn(config: HybridConfig): readonly string[] {
  return Object.entries(config.pools).flatMap(([poolName, pool]) => {
    if (pool.provider === "bare-metal") return pool.hosts.map((host) => host.name);
    const indices = [...Array(pool.count).keys()].filter((index) => !pool.remove.includes(index));
    return indices.map((index) => `${config.cluster.name}-${poolName}-${index}`);
  });
}

const byName = (plan: ClusterPlan) => new Map(plan.nodes.map((node) => [node.name, node]));

describe("planCluster", () => {
  it("starts the cluster on exactly one server, and plans it first", () => {
    fc.assert(
      fc.property(arbitraryConfig, (config) => {
        const plan = planCluster(config);
        assert.equal(plan.nodes.filter((node) => node === plan.firstServer).length, 1);
        assert.equal(plan.nodes[0], plan.firstServer);
        assert.equal(plan.firstServer.role, "server");
      }),
    );
  });

  it("plans each node once, under a unique and legal name", () => {
    fc.assert(
      fc.property(arbitraryConfig, (config) => {
        const names = planCluster(config).nodes.map((node) => node.name);
        assert.deepEqual([...names].sort(), [...namesIn(config)].sort());
        assert.equal(new Set(names).size, names.length);
        for (const name of names) assert.match(name, /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])$/);
      }),
    );
  });

  it("changes one node alone when a node other than the first server goes", () => {
    fc.assert(
      fc.property(arbitraryConfig, fc.nat(), (config, choice) => {
        const before = planCluster(config);
        const agents = before.nodes.slice(1);
        const gone = agents[choice % Math.max(1, agents.length)];
        fc.pre(gone !== undefined);
        if (gone === undefined) return;
        const after = planCluster(withoutNode(config, gone));
        const expected = byName(before);
        expected.delete(gone.name);
        assert.deepEqual(byName(after), expected);
        // Its pool's settings shape the network as long as the pool has another node.
        const isLast = !after.nodes.some(({ pool }) => pool === gone.pool);
        assert.deepEqual({ ...after, nodes: [], ...(isLast ? { networks: before.networks } : {}) }, { ...before, nodes: [] });
      }),
    );
  });

  it("makes the same plan of the same config, and plain data only", () => {
    fc.assert(
      fc.property(arbitraryConfig, (config) => {
        const plan = planCluster(config);
        assert.deepEqual(planCluster(structuredClone(config)), plan);
        assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
      }),
    );
  });

  it("keeps pods, services and the tailnet apart, and refuses no networks that are", () => {
    const network = fc
      .tuple(fc.constantFrom(10, 100), fc.integer({ min: 40, max: 72 }), fc.constantFrom(0, 128), fc.integer({ min: 12, max: 20 }))
      .map(([a, b, c, prefix]) => formatNetwork(networkOf(((a * 256 + b) * 256 + c) * 256, prefix)));
    fc.assert(
      fc.property(network, network, (podCidr, serviceCidr) => {
        const { config } = validateConfig(
          givenWith({ "cluster.podCidr": podCidr, "cluster.serviceCidr": serviceCidr, "pools.edge.hosts": [] }),
        );
        const cidrs = [podCidr, serviceCidr, "100.64.0.0/10"].map((text) => ipaddr.parseCIDR(text));
        const apart = cidrs.every((a, i) => cidrs.every((b, j) => i === j || !(a[0].match(b) || b[0].match(a))));
        assert.equal(config !== undefined, apart);
        if (config === undefined) return;
        const plan = planCluster(config);
        assert.deepEqual([plan.podCidr, plan.serviceCidr], [podCidr, serviceCidr]);
      }),
      { numRuns: 300 },
    );
  });

  it("gives what the config says, and nothing that it does not", () => {
    const plan = planCluster(configWith({ "cluster.apiEndpoint": "k3s.example.org" }), ["take care"]);
    assert.equal(plan.name, "edge");
    assert.equal(plan.apiEndpoint, "k3s.example.org");
    assert.equal(plan.allowServerReplacement, false);
    assert.deepEqual(plan.warnings, ["take care"]);
    assert.equal("apiEndpoint" in planCluster(configWith()), false);
  });

  it("plans a host behind a bastion with its pool's settings", () => {
    const plan = planCluster(
      configWith({
        "pools.edge.labels": { site: "kiosk" },
        "pools.edge.taints": ["edge:NoExecute"],
        "pools.edge.drainTimeout": "1m30s",
        "pools.edge.jurisdiction": "eu",
        "pools.edge.hosts[0].hostKey": `${hostKey(2)} root@kiosk-1`,
      }),
    );
    const kiosk = plan.nodes[1] ?? assert.fail("no second node");
    assert.deepEqual(kiosk, {
      k3sConfig: kiosk.k3sConfig,
      identity: kiosk.identity,
      kind: "bare-metal",
      name: "kiosk-1",
      pool: "edge",
      role: "agent",
      labels: { "hybrid-k3s/pool": "edge", "hybrid-k3s/provider": "bare-metal", "hybrid-k3s/jurisdiction": "eu", site: "kiosk" },
      taints: ["edge:NoExecute"],
      drainSeconds: 90,
      removal: { removeData: false, drainPolicy: "wait" },
      upgrade: { maxUnavailable: 1, drain: false },
      host: { address: "10.0.0.4", port: 22, user: "ops", hostKey: hostKey(2) },
      bastion: { address: "192.0.2.20", port: 22, user: "jump", hostKey: hostKey(20) },
    });
  });

  it("lets data go with agents in clouds and kills pods of spot machines, unless the pool says otherwise; pools without nodes too", () => {
    const clouds = cloudPools({ count: 0, spot: true }, { role: "server", count: 0 });
    assert.deepEqual(planCluster(configWith({ ...clouds, "pools.edge.removeData": true, "pools.edge.drainPolicy": "force" })).removals, {
      rack: { removeData: false, drainPolicy: "wait" },
      edge: { removeData: true, drainPolicy: "force" },
      burst: { removeData: true, drainPolicy: "force" },
      "burst-az": { removeData: false, drainPolicy: "wait" },
    });
  });
});
