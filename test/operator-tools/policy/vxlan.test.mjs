import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planPolicy } from "../../../src/plan/plan-policy.ts";
import { judgeTakeover } from "../../../src/operator-tools/policy/judge-takeover.mjs";
import { planLivePolicy, planPolicyRemoval } from "../../../src/operator-tools/policy/policy-edit.mjs";
import { clusterRules, mergePolicy, findMissing, removeCluster } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, FIXTURES, fixture, valueOf } from "./support/clusters.mjs";

// With the integration flannel-iface the tailnet carries vxlan packets from node to node, and neither pods nor their routes.
const VXLAN = { ...EDGE, integration: "flannel-iface" };
const ACLS = [
  { action: "accept", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:6443"] },
  { action: "accept", proto: "udp", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:8472"] },
  { action: "accept", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:10250"] },
  { action: "accept", src: ["group:ops"], dst: ["tag:k3s-edge:6443"] },
];
const GRANTS = [
  { src: ["tag:k3s-edge"], dst: ["tag:k3s-edge"], ip: ["6443"] },
  { src: ["tag:k3s-edge"], dst: ["tag:k3s-edge"], ip: ["udp:8472"] },
  { src: ["tag:k3s-edge"], dst: ["tag:k3s-edge"], ip: ["10250"] },
  { src: ["group:ops"], dst: ["tag:k3s-edge"], ip: ["6443"] },
];
const OWN = planPolicy({ ...VXLAN, groups: { ops: ["alice@example.org"] } });
const mine = (text) => text.split("\n").filter((line) => line.includes("hybrid-k3s: edge"));

describe("the rules of a cluster in vxlan", () => {
  it("speak of nodes alone, as acls, as grants and as policy own", () => {
    assert.deepEqual(clusterRules(VXLAN, "acls"), ACLS);
    assert.deepEqual(clusterRules(VXLAN, "grants"), GRANTS);
    assert.deepEqual(OWN.acls, ACLS);
    assert.equal("autoApprovers" in OWN, false);
  });
});

describe("merging a cluster in vxlan", () => {
  for (const name of FIXTURES) {
    it(`into ${name} adds no route and nothing of pods but what is denied, and goes without a trace`, () => {
      const live = fixture(name);
      const merged = mergePolicy(live, VXLAN);
      assert.deepEqual(merged.refusals, []);
      assert.deepEqual(valueOf(merged.text).autoApprovers, valueOf(live).autoApprovers);
      const lines = mine(merged.text);
      assert.equal(lines.filter((line) => /8472/.test(line)).length, 2, "a rule and a test");
      for (const line of lines) assert.doesNotMatch(line.replace(/"deny".*/, ""), /10\.42\./);
      assert.equal(mergePolicy(merged.text, VXLAN, { wrote: merged.wrote }).text, merged.text);
      assert.deepEqual(findMissing(merged.text, VXLAN).missing, []);
      assert.equal(removeCluster(merged.text, VXLAN, { wrote: merged.wrote }).text, live);
    });
  }

  it("asserts what the tailnet must let through, and that nodes have no other way to pods", () => {
    const { tests } = valueOf(mergePolicy(fixture("crlf.hujson"), { ...VXLAN, policyTests: "strict" }).text);
    assert.deepEqual(tests.slice(0, 3), [
      { src: "tag:k3s-edge", accept: ["tag:k3s-edge:6443", "tag:k3s-edge:10250"], deny: ["tag:k3s-edge:22", "10.42.0.1:443"] },
      { src: "tag:k3s-edge", proto: "udp", accept: ["tag:k3s-edge:8472"] },
      { src: "group:ops", accept: ["tag:k3s-edge:6443"], deny: ["tag:k3s-edge:22", "10.42.0.1:443"] },
    ]);
  });

  it("takes the lines of the other way out", () => {
    const live = fixture("crlf.hujson");
    const routed = mergePolicy(live, EDGE);
    const { text } = mergePolicy(routed.text, VXLAN, { wrote: routed.wrote });
    assert.deepEqual(valueOf(text), valueOf(mergePolicy(live, VXLAN).text));
  });
});

describe("a policy of others for a cluster in vxlan", () => {
  const lacks = (...acls) => {
    const policy = { ...OWN, acls: acls.map(([dst, more]) => ({ action: "accept", src: ["*"], dst: [dst], ...more })) };
    return findMissing(JSON.stringify(policy), VXLAN);
  };

  it("needs no approval of routes", () => assert.deepEqual(lacks(["tag:k3s-edge:*"]).missing, []));
  it("may name the protocol by its number", () =>
    assert.deepEqual(lacks(["*:6443,10250"], ["tag:k3s-edge:8000-9000", { proto: "17" }]).missing, []));
  it("lacks the port where it is open for TCP only", () => {
    const { missing, text } = lacks(["tag:k3s-edge:*", { proto: "tcp" }]);
    assert.deepEqual(
      missing.map(({ what }) => what),
      ["vxlan between nodes"],
    );
    const line = '{"action": "accept", "proto": "udp", "src": ["tag:k3s-edge"], "dst": ["tag:k3s-edge:8472"]}';
    assert.equal(text, `"acls": [\n  ${line}, // hybrid-k3s: edge\n],`);
  });
});

describe("policy own of a cluster in vxlan", () => {
  const document = JSON.stringify(OWN, null, 2);
  const needs = { mode: "own", document, cluster: VXLAN, groups: { "group:ops": ["alice@example.org"] } };
  const found =
    '{\n  // of a new tailnet\n  "tagOwners": {"tag:k3s-admin": []},\n  "grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}]\n}\n';

  it("is written over the default, and gives it back", () => {
    const planned = planLivePolicy(found, needs);
    assert.equal(planned.text, document);
    assert.equal(planPolicyRemoval(document, needs, { document, found: planned.found }).text, found);
  });

  it("is known again as this cluster's where the state is lost or its ports are others", () => {
    const { tag, podCidr, tagOwners } = VXLAN;
    const before = JSON.stringify(planPolicy({ ...VXLAN, groups: { ops: ["alice@example.org"] }, nodePorts: [] }));
    const verdict = judgeTakeover(before, { ours: document, tag, podCidr, tagOwners, groups: needs.groups });
    assert.equal(verdict.kind, "ours", JSON.stringify(verdict));
  });

  it("is not taken from a rule that others opened further", () => {
    const opened = JSON.stringify({ ...OWN, acls: [...ACLS, { ...ACLS[1], src: ["*"] }] });
    const { tag, podCidr, tagOwners } = VXLAN;
    assert.equal(judgeTakeover(opened, { ours: document, tag, podCidr, tagOwners, groups: needs.groups }).accepted, false);
  });
});
