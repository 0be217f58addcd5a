import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { configDigest, hostIdentity } from "../../src/plan/node-identity";
import { planCluster } from "../../src/plan/plan-cluster";
import { configWith, hostKey, type Overrides } from "../helpers/config-builder";

describe("hostIdentity", () => {
  it("fits into an auth key's description", () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(), (seed, generation) => {
        assert.match(hostIdentity({ hostKey: hostKey(seed), generation }), /^[a-z0-9]{1,50}$/);
      }),
    );
  });

  it("changes with the host key and with the generation", () => {
    const identities = [
      hostIdentity({ hostKey: hostKey(1), generation: 0 }),
      hostIdentity({ hostKey: hostKey(1), generation: 1 }),
      hostIdentity({ hostKey: hostKey(2), generation: 0 }),
    ];
    assert.equal(new Set(identities).size, 3);
  });

  it("stays when only the host key's comment or spacing changes", () => {
    const hostKeyText = hostKey(1).replace(" ", "  ");
    assert.equal(
      hostIdentity({ hostKey: `${hostKeyText} root@rack-1\n`, generation: 0 }),
      hostIdentity({ hostKey: hostKey(1), generation: 0 }),
    );
  });

  it("is what the plan carries, so that only a new key or generation re-makes a node", () => {
    const identityWith = (overrides: Overrides) => planCluster(configWith(overrides)).firstServer.identity;
    const before = identityWith({});
    assert.equal(
      identityWith({ "pools.rack.labels": { a: "b" }, "pools.rack.hosts[0].address": "192.0.2.11", "pools.rack.hosts[0].user": "root" }),
      before,
    );
    assert.notEqual(identityWith({ "pools.rack.hosts[0].generation": 1 }), before);
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
    ];
    assert.equal(new Set(changes.map(digestWith)).size, changes.length);
  });

  it("stays when settings merely change places, or concern other nodes", () => {
    assert.equal(digestWith({ "pools.rack.labels": { a: "1", b: "2" } }), digestWith({ "pools.rack.labels": { b: "2", a: "1" } }));
    assert.equal(digestWith({ "pools.edge.labels": { a: "1" }, "vpn.nodePorts": [9100] }), digestWith({}));
  });
});
