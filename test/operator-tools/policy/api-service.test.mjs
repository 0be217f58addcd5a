import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planPolicy } from "../../../src/plan/plan-policy.ts";
import { judgeTakeover } from "../../../src/operator-tools/policy/judge-takeover.mjs";
import { planLivePolicy, planPolicyRemoval } from "../../../src/operator-tools/policy/policy-edit.mjs";
import { findMissing, findOpenings, mergePolicy, removeCluster } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, FIXTURES, fixture, valueOf } from "./support/clusters.mjs";

// A Service in front of the API: its hosts are approved, and operators reach it.
const SERVICE = "svc:k3s-api";
const WITH = { ...EDGE, service: SERVICE };
const GRANT = { src: EDGE.operators, dst: [SERVICE], ip: ["tcp:6443"] };
const OWN = planPolicy({ ...WITH, groups: { ops: ["alice@example.org"] } });

/** The grants that name the Service, and who may host it. */
const partsOf = (text) => {
  const { grants = [], autoApprovers: { services } = {} } = valueOf(text);
  return { grants: grants.filter(({ dst }) => dst.includes(SERVICE)), services };
};

describe("the lines for a Service in front of the API", () => {
  it("are a grant of one port, over TCP alone, and the servers' own tag as its hosts", () => {
    assert.deepEqual([OWN.grants, OWN.autoApprovers.services], [[GRANT], { [SERVICE]: ["tag:k3s-edge"] }]);
    assert.ok(!JSON.stringify(OWN.acls).includes(SERVICE), "acls name none");
    const etcd = planPolicy({ ...WITH, serverTag: "tag:k3s-edge-server", groups: {} });
    assert.deepEqual(etcd.autoApprovers.services, { [SERVICE]: ["tag:k3s-edge-server"] }, "agents are kept from it");
    const without = planPolicy({ ...EDGE, groups: {} });
    assert.deepEqual([without.grants, without.autoApprovers.services], [undefined, undefined]);
  });

  for (const name of FIXTURES)
    it(`merge into ${name}, say the same at a second look, and go without a trace`, () => {
      const live = fixture(name);
      const merged = mergePolicy(live, WITH);
      assert.deepEqual(merged.refusals, []);
      assert.deepEqual(partsOf(merged.text), { grants: [GRANT], services: { [SERVICE]: ["tag:k3s-edge"] } });
      assert.equal(mergePolicy(merged.text, WITH, { wrote: merged.wrote }).text, merged.text);
      assert.deepEqual(findMissing(merged.text, WITH).missing, []);
      assert.equal(removeCluster(merged.text, WITH, { wrote: merged.wrote }).text, live);
      // It comes and goes under a living cluster, and nothing else changes.
      const plain = mergePolicy(live, EDGE);
      const grown = mergePolicy(plain.text, WITH, { wrote: plain.wrote });
      assert.deepEqual(partsOf(grown.text), partsOf(merged.text));
      assert.equal(mergePolicy(grown.text, EDGE, { wrote: grown.wrote }).text, plain.text);
    });

  it("of another name take the place of the former ones", () => {
    const { text, wrote } = mergePolicy(fixture("crlf.hujson"), WITH);
    const renamed = mergePolicy(text, { ...WITH, service: "svc:edge-api" }, { wrote }).text;
    assert.ok(!renamed.includes(SERVICE));
    assert.deepEqual(valueOf(renamed).autoApprovers.services, { "svc:edge-api": ["tag:k3s-edge"] });
  });

  it("stand beside Services of others", () => {
    const theirs = { services: { "svc:web": ["tag:web"] } };
    const live = JSON.stringify(
      { tagOwners: { "tag:k3s-admin": [], "tag:web": [] }, groups: { "group:ops": ["a@b"] }, acls: [], autoApprovers: theirs },
      null,
      2,
    );
    const { text, refusals } = mergePolicy(live, WITH);
    assert.deepEqual(refusals, []);
    assert.deepEqual(valueOf(text).autoApprovers.services, { [SERVICE]: ["tag:k3s-edge"], "svc:web": ["tag:web"] });
    assert.deepEqual(valueOf(removeCluster(text, WITH).text), JSON.parse(live));
  });

  it("are asked for in mode none, each with its section", () => {
    const { missing, text } = findMissing(mergePolicy(fixture("crlf.hujson"), EDGE).text, WITH);
    assert.deepEqual(
      missing.map(({ what, section }) => [what, section]),
      [
        ["approval of tag:k3s-edge as hosts of svc:k3s-api", "autoApprovers.services"],
        ["operators to svc:k3s-api", "grants"],
      ],
    );
    assert.match(text, /"autoApprovers": \{"services": \{\n {2}"svc:k3s-api": \["tag:k3s-edge"\], \/\//);
    assert.match(text, /"grants": \[\n.*"dst": \["svc:k3s-api"\], "ip": \["tcp:6443"\]\}, \/\//);
    // What allows everything may not hold Services: nobody says so.
    const open = findMissing(JSON.stringify({ grants: [{ src: ["*"], dst: ["*"], ip: ["*"] }] }), WITH).missing.map(({ what }) => what);
    assert.ok(open.includes("operators to svc:k3s-api") && !open.includes("operators to servers"), open.join());
  });

  it("are refused where others may host the Service without being asked", () => {
    const { text } = mergePolicy(fixture("crlf.hujson"), WITH);
    const live = text
      .replace('"svc:k3s-api": ["tag:k3s-edge"]', '"svc:k3s-api": ["tag:k3s-edge", "tag:other"]')
      .replace(/(svc:k3s-api": \[.*\],).*/, "$1");
    const { refusals } = mergePolicy(live, WITH);
    assert.deepEqual(
      refusals.map(({ what, remedy }) => `${what}. ${remedy}`),
      [
        "tag:other may host svc:k3s-api, the Service in front of this cluster's API, without being asked. Take them out of autoApprovers.services, or choose another vpn.apiService.",
      ],
    );
    assert.deepEqual(mergePolicy(live, EDGE).refusals, [], "without the setting it is not ours to judge");
  });

  it("open nothing, and tell of rules by which others reach the Service", () => {
    const open = (rule) =>
      findOpenings(
        mergePolicy(JSON.stringify({ tagOwners: { "tag:k3s-admin": [] }, groups: { "group:ops": [] }, grants: [rule] }), WITH).text,
        WITH,
      ).map(({ what }) => what);
    assert.deepEqual(open({ src: ["tag:ci"], dst: [SERVICE], ip: ["6443"] }), ["tag:ci reaches svc:k3s-api"]);
    assert.deepEqual(open({ src: ["group:ops"], dst: [SERVICE], ip: ["6443"] }), []);
    assert.deepEqual(open({ src: ["tag:ci"], dst: ["svc:web"], ip: ["443"] }), []);
  });

  it("are this cluster's own policy, with a Service and without", () => {
    const [ours, before] = [JSON.stringify(OWN), JSON.stringify(planPolicy({ ...EDGE, groups: { ops: ["alice@example.org"] } }))];
    const judge = (live, document) =>
      judgeTakeover(live, { ours: document, tag: EDGE.tag, podCidr: EDGE.podCidr, tagOwners: EDGE.tagOwners, groups: { ops: [] } })
        .accepted;
    assert.deepEqual([judge(before, ours), judge(ours, before)], [true, true]);
    const foreign = JSON.stringify({ ...OWN, grants: [...OWN.grants, { src: ["tag:k3s-admin"], dst: ["svc:web"], ip: ["tcp:6443"] }] });
    assert.equal(judge(foreign, ours), false, "a grant to a Service of others is theirs");
    const needs = { mode: "own", document: ours, cluster: WITH, groups: {} };
    const { text } = planLivePolicy(before, needs);
    assert.deepEqual(valueOf(text), OWN);
    assert.doesNotMatch(planPolicyRemoval(text, needs, { mode: "own", document: ours }).text, /k3s-edge|svc:/);
  });
});
