import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planPolicy } from "../../../src/plan/plan-policy.ts";
import { judgeTakeover } from "../../../src/operator-tools/policy/judge-takeover.mjs";
import { planLivePolicy, planPolicyRemoval } from "../../../src/operator-tools/policy/policy-edit.mjs";
import {
  clusterRules,
  findMissing,
  findOpenings,
  mayMakeKeys,
  mergePolicy,
  removeCluster,
} from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, FIXTURES, fixture, valueOf } from "./support/clusters.mjs";

// Several servers: their etcd talks, and agents are kept out of it by a second tag that servers alone carry.
const SERVERS = { ...EDGE, serverTag: "tag:k3s-edge-server" };
const ETCD = { action: "accept", src: ["tag:k3s-edge-server"], dst: ["tag:k3s-edge-server:2379,2380"] };
const OWN = planPolicy({ ...SERVERS, groups: { ops: ["alice@example.org"] } });

describe("the rules of a cluster with several servers", () => {
  it("let servers reach servers' etcd, and nobody else", () => {
    const rules = clusterRules(SERVERS, "acls");
    assert.deepEqual(
      rules.filter((rule) => !clusterRules(EDGE, "acls").some((one) => JSON.stringify(one) === JSON.stringify(rule))),
      [ETCD],
    );
    assert.deepEqual(
      clusterRules(SERVERS, "grants").filter(({ dst }) => dst[0] === "tag:k3s-edge-server"),
      [{ src: ["tag:k3s-edge-server"], dst: ["tag:k3s-edge-server"], ip: ["2379", "2380"] }],
    );
    assert.deepEqual(OWN.acls, rules);
    assert.deepEqual(OWN.tagOwners["tag:k3s-edge-server"], EDGE.tagOwners);
  });

  for (const name of FIXTURES)
    it(`merge into ${name} with the second tag's owners, say the same at a second look, and go without a trace`, () => {
      const live = fixture(name);
      const merged = mergePolicy(live, SERVERS);
      assert.deepEqual(merged.refusals, []);
      assert.deepEqual(valueOf(merged.text).tagOwners["tag:k3s-edge-server"], EDGE.tagOwners);
      assert.equal(mergePolicy(merged.text, SERVERS, { wrote: merged.wrote }).text, merged.text);
      assert.deepEqual(findMissing(merged.text, SERVERS).missing, []);
      assert.equal(removeCluster(merged.text, SERVERS, { wrote: merged.wrote }).text, live);
      // From one server to three and back.
      const one = mergePolicy(live, EDGE);
      const grown = mergePolicy(one.text, SERVERS, { wrote: one.wrote });
      assert.deepEqual(valueOf(grown.text), valueOf(merged.text));
      assert.equal(mergePolicy(grown.text, EDGE, { wrote: grown.wrote }).text, one.text);
    });

  it("are tested: servers must reach servers, and with strict agents must not", () => {
    const { tests } = valueOf(mergePolicy(fixture("crlf.hujson"), { ...SERVERS, policyTests: "strict" }).text);
    const of = (src) => tests.find((test) => test.src === src);
    assert.deepEqual(of("tag:k3s-edge-server"), {
      src: "tag:k3s-edge-server",
      accept: ["tag:k3s-edge-server:2379", "tag:k3s-edge-server:2380"],
    });
    assert.ok(of("tag:k3s-edge").deny.includes("tag:k3s-edge-server:2379"));
  });

  it("are asked for in mode none, tag and rule", () => {
    const { missing } = findMissing(mergePolicy(fixture("crlf.hujson"), EDGE).text, SERVERS);
    assert.deepEqual(
      missing.map(({ what }) => what),
      ["tag:k3s-edge-server owned by tag:k3s-admin", "etcd between servers"],
    );
  });

  it("are this cluster's own policy, before and after it had several servers", () => {
    const [ours, before] = [JSON.stringify(OWN), JSON.stringify(planPolicy({ ...EDGE, groups: { ops: ["alice@example.org"] } }))];
    const judge = (live, document) =>
      judgeTakeover(live, { ours: document, tag: EDGE.tag, podCidr: EDGE.podCidr, tagOwners: EDGE.tagOwners, groups: { ops: [] } });
    assert.deepEqual([judge(before, ours).accepted, judge(ours, before).accepted], [true, true]);
    const needs = { mode: "own", document: ours, cluster: SERVERS, groups: {} };
    const { text } = planLivePolicy(before, needs);
    assert.deepEqual(valueOf(text), OWN);
    assert.doesNotMatch(planPolicyRemoval(text, needs, { mode: "own", document: ours }).text, /k3s-edge/);
  });

  it("open nothing of their own, and tell who reaches servers by rules of others", () => {
    const live = JSON.stringify({
      tagOwners: { "tag:ci": [] },
      acls: [{ action: "accept", src: ["tag:ci"], dst: ["tag:k3s-edge-server:2379"] }],
    });
    assert.deepEqual(
      findOpenings(mergePolicy(live, SERVERS).text, SERVERS).map(({ what }) => what),
      ["tag:ci reaches nodes"],
    );
  });

  it("need a client that gives out both tags", () => {
    const live = JSON.stringify(planPolicy({ ...EDGE, groups: {} }));
    assert.deepEqual(
      [EDGE, SERVERS].map((cluster) => mayMakeKeys(live, { ...cluster, tagOwners: [], tag: "tag:x" }, ["tag:x"])),
      [true, false],
    );
  });
});
