import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planCluster } from "../../src/plan/plan-cluster";
import { configWith, type Overrides } from "../helpers/config-builder";

/** Without etcd, which has lines of its own. */
const sqliteWith = (overrides: Overrides = {}) => configWith({ "cluster.datastore": "sqlite", ...overrides });

describe("planTailnet", () => {
  it("grants the least that the cluster needs", () => {
    const { tailnet } = planCluster(sqliteWith());
    assert.equal(tailnet.tag, "tag:k3s-edge");
    assert.deepEqual(tailnet.policy, {
      groups: { "group:ops": ["alice@example.org"] },
      tagOwners: { "tag:k3s-admin": [], "tag:k3s-edge": ["tag:k3s-admin"] },
      autoApprovers: { routes: { "10.42.0.0/16": ["tag:k3s-edge"] } },
      acls: [
        { action: "accept", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:6443"] },
        { action: "accept", src: ["tag:k3s-edge"], dst: ["10.42.0.0/16:*"] },
        { action: "accept", src: ["10.42.0.0/16"], dst: ["10.42.0.0/16:*"] },
        { action: "accept", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:10250"] },
        { action: "accept", src: ["group:ops"], dst: ["tag:k3s-edge:6443"] },
      ],
    });
  });

  it("tells the policy's tests only where they are not the default, so that no state changes for it", () => {
    const testsOf = (policyTests: string) =>
      planCluster(sqliteWith({ "vpn.policy": "merge", "vpn.groups": undefined, "vpn.policyTests": policyTests })).tailnet.cluster
        .policyTests;
    assert.deepEqual(["accept", "strict", "none"].map(testsOf), [undefined, "strict", "none"]);
    assert.equal("policyTests" in planCluster(sqliteWith()).tailnet.cluster, false);
  });

  it("grants UDP 8472 from node to node, and nothing of pods, where pods cross in vxlan", () => {
    const { tailnet } = planCluster(sqliteWith({ "vpn.integration": "flannel-iface", "cluster.k3sVersion": "v1.35.6+k3s1" }));
    assert.deepEqual(tailnet.policy, {
      groups: { "group:ops": ["alice@example.org"] },
      tagOwners: { "tag:k3s-admin": [], "tag:k3s-edge": ["tag:k3s-admin"] },
      acls: [
        { action: "accept", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:6443"] },
        { action: "accept", proto: "udp", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:8472"] },
        { action: "accept", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:10250"] },
        { action: "accept", src: ["group:ops"], dst: ["tag:k3s-edge:6443"] },
      ],
    });
    assert.equal(tailnet.cluster.integration, "flannel-iface");
    // Nothing new in the state of other stacks, whose policy would be written again for it.
    assert.equal("integration" in planCluster(sqliteWith()).tailnet.cluster, false);
  });

  it("is the same for both ways of having pod routes, so that a change between them touches no policy", () => {
    assert.deepEqual(planCluster(configWith({ "vpn.integration": "routes" })).tailnet, planCluster(configWith()).tailnet);
  });

  it("has a tag of servers' own with etcd, one server or several, that alone reaches etcd", () => {
    const { tailnet } = planCluster(configWith());
    const { tagOwners, acls } = tailnet.policy;
    assert.deepEqual(tagOwners, {
      "tag:k3s-admin": [],
      "tag:k3s-edge": ["tag:k3s-admin"],
      "tag:k3s-edge-server": ["tag:k3s-admin"],
    });
    assert.deepEqual(
      acls.filter(({ dst }) => dst.some((to) => /:2379/.test(to))),
      [{ action: "accept", src: ["tag:k3s-edge-server"], dst: ["tag:k3s-edge-server:2379,2380"] }],
    );
    assert.equal(planCluster(sqliteWith()).tailnet.cluster.serverTag, undefined);
  });

  it("leaves out what is not asked for", () => {
    const { policy } = planCluster(sqliteWith({ "vpn.nodePorts": [], "vpn.groups": {}, "vpn.operators": ["alice@example.org"] })).tailnet;
    assert.equal("groups" in policy, false);
    assert.deepEqual(
      policy.acls.flatMap(({ dst }) => dst),
      ["tag:k3s-edge:6443", "10.42.0.0/16:*", "10.42.0.0/16:*", "tag:k3s-edge:6443"],
    );
  });

  it("uses the tag, ports, owners and operators given", () => {
    const { tailnet } = planCluster(
      sqliteWith({
        "vpn.tag": "tag:mine",
        "vpn.nodePorts": [10250, 9100],
        "vpn.tagOwners": ["tag:a", "tag:b"],
        "vpn.operators": ["group:ops", "bob@example.org"],
      }),
    );
    assert.deepEqual(tailnet.policy.tagOwners, { "tag:a": [], "tag:b": [], "tag:mine": ["tag:a", "tag:b"] });
    assert.deepEqual(tailnet.policy.acls.slice(3), [
      { action: "accept", src: ["tag:mine"], dst: ["tag:mine:10250,9100"] },
      { action: "accept", src: ["group:ops", "bob@example.org"], dst: ["tag:mine:6443"] },
    ]);
    assert.deepEqual([tailnet.cluster.tagOwners, tailnet.groups], [["tag:a", "tag:b"], { "group:ops": ["alice@example.org"] }]);
  });
});
