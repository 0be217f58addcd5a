import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { cloudIdentity, configDigest, hostIdentity, type IdentityNeeds } from "../../src/plan/node-identity";
import { planCluster } from "../../src/plan/plan-cluster";
import { configWith, hostKey, type Overrides } from "../helpers/config-builder";

describe("hostIdentity", () => {
  const cluster = { name: "edge", podCidr: "10.42.0.0/16", serviceCidr: "10.43.0.0/16" };
  const identityOf = (generation = 0, more: Partial<IdentityNeeds> = {}) =>
    hostIdentity({ host: { generation }, role: "agent", cluster, integration: "k3s", ...more });

  it("fits into an auth key's description", () => {
    fc.assert(
      fc.property(fc.nat(), (generation) => {
        assert.match(identityOf(generation), /^[a-z0-9]{1,50}$/);
      }),
    );
  });

  it("changes with each thing that a living node cannot change", () => {
    const identities = [
      identityOf(),
      identityOf(1),
      identityOf(0, { role: "server" }),
      identityOf(0, { cluster: { ...cluster, name: "north" } }),
      identityOf(0, { cluster: { ...cluster, podCidr: "10.52.0.0/16" } }),
      identityOf(0, { cluster: { ...cluster, serviceCidr: "10.53.0.0/16" } }),
      identityOf(0, { integration: "flannel-iface" }),
    ];
    assert.equal(new Set(identities).size, identities.length);
  });

  const identitiesWith = (overrides: Overrides) => planCluster(configWith(overrides)).nodes.map(({ identity }) => identity);

  it("is what the plan carries, so that settings, addresses and host keys re-make no node", () => {
    const moved = { "pools.rack.hosts[0].address": "192.0.2.11", "pools.rack.hosts[0].user": "root" };
    assert.deepEqual(
      identitiesWith({ "pools.rack.labels": { a: "b" }, ...moved, "pools.rack.hosts[0].hostKey": hostKey(9) }),
      identitiesWith({}),
    );
    const before = identitiesWith({});
    const after = identitiesWith({ "pools.rack.hosts[0].generation": 1 });
    assert.deepEqual(
      after.map((identity, i) => identity === before[i]),
      [false, true, true],
    );
  });

  it("stays what it is: no node is made again by another release of the program", () => {
    assert.equal(identityOf(), "4aadbdf10a3f031bbf64c52902a443e1");
  });

  it("stays between the two ways of having pod routes, which a living cluster changes in place", () => {
    assert.equal(identityOf(0, { integration: "routes" }), identityOf());
    assert.deepEqual(identitiesWith({ "vpn.integration": "routes" }), identitiesWith({}));
  });

  it("re-makes all nodes when the cluster's name, a network or the integration changes", () => {
    const before = identitiesWith({});
    for (const change of [
      { "cluster.name": "north" },
      { "cluster.podCidr": "10.52.0.0/16" },
      { "cluster.serviceCidr": "10.53.0.0/16" },
      { "vpn.integration": "flannel-iface", "cluster.k3sVersion": "v1.35.6+k3s1" },
    ]) {
      assert.ok(
        identitiesWith(change).every((identity) => !before.includes(identity)),
        JSON.stringify(change),
      );
    }
  });
});

describe("cloudIdentity", () => {
  const integration = "k3s";
  const cluster = { name: "edge", podCidr: "10.42.0.0/16", serviceCidr: "10.43.0.0/16" };

  it("fits into an auth key's description, and changes with the role and the cluster's name and networks", () => {
    const identities = [
      cloudIdentity({ role: "agent", cluster, integration }),
      cloudIdentity({ role: "agent", cluster, integration: "flannel-iface" }),
      cloudIdentity({ role: "server", cluster, integration }),
      cloudIdentity({ role: "agent", cluster: { ...cluster, name: "north" }, integration }),
      cloudIdentity({ role: "agent", cluster: { ...cluster, podCidr: "10.52.0.0/16" }, integration }),
      cloudIdentity({ role: "agent", cluster: { ...cluster, serviceCidr: "10.53.0.0/16" }, integration }),
    ];
    assert.equal(new Set(identities).size, identities.length);
    for (const identity of identities) assert.match(identity, /^[a-z0-9]{1,50}$/);
    assert.equal(cloudIdentity({ role: "agent", cluster, integration: "routes" }), identities[0]);
  });
});

describe("configDigest", () => {
  const digestWith = (overrides: Overrides) => {
    const plan = planCluster(configWith(overrides));
    return configDigest(plan, plan.firstServer);
  };

  it("changes with each thing that k3s runs with", () => {
    const changes: Overrides[] = [
      {},
      { "cluster.k3sVersion": "v1.34.7+k3s1" },
      { "cluster.k3s.disable": ["traefik"] },
      { "pools.rack.labels": { site: "cellar" } },
      { "pools.rack.labels": { "node-role.kubernetes.io/worker": "" } },
      { "pools.rack.taints": ["a:NoSchedule"] },
      { "pools.rack.hosts[0].externalIp": "198.51.100.9" },
      { "cluster.tlsSans": ["k3s.example.org"] },
      { "vpn.integration": "routes" },
    ];
    assert.equal(new Set(changes.map(digestWith)).size, changes.length);
  });

  it("stays when settings merely change places, or concern other nodes", () => {
    assert.equal(digestWith({ "pools.rack.labels": { a: "1", b: "2" } }), digestWith({ "pools.rack.labels": { b: "2", a: "1" } }));
    assert.equal(digestWith({ "pools.edge.labels": { a: "1" }, "vpn.nodePorts": [9100] }), digestWith({}));
  });
});
