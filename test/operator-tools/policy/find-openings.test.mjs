import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planPolicy } from "../../../src/plan/plan-policy.ts";
import { mergePolicy, findOpenings } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, fixture, WEST } from "./support/clusters.mjs";

const acl = (src, dst, more) => ({ action: "accept", src: [src].flat(), dst: [dst].flat(), ...more });
const grant = (src, dst, ip = ["*"], more = {}) => ({ src: [src].flat(), dst: [dst].flat(), ip, ...more });
const policyOf = (rules) => JSON.stringify({ groups: { "group:ops": ["alice@example.org"] }, hosts: { office: "10.0.0.0/8" }, ...rules });
const whats = (rules, cluster = EDGE) => findOpenings(policyOf(rules), cluster).map(({ what }) => what);

describe("a rule of others opens the cluster", () => {
  for (const [title, rules, expected] of [
    ["where everything is allowed", { acls: [acl("*", "*:*")] }, "* reaches nodes and pods, nodes and pods reach *"],
    ["where a grant allows everything", { grants: [grant("*", "*")] }, "* reaches nodes and pods, nodes and pods reach *"],
    ["for its people alone", { acls: [acl("autogroup:member", "*:22")] }, "autogroup:member reaches nodes and pods"],
    ["to machines with tags", { acls: [acl("group:dev", "autogroup:tagged:443")] }, "group:dev reaches nodes"],
    ["to a network that holds the pods", { acls: [acl("tag:ci", "office:*")] }, "tag:ci reaches pods"],
    ["to a part of the pods", { acls: [acl("tag:ci", "10.42.7.0/24:80")] }, "tag:ci reaches pods"],
    ["to the tag itself", { acls: [acl(["tag:ci", "tag:mon"], "tag:k3s-edge:9100")] }, "tag:ci, tag:mon reach nodes"],
    ["from everything to a machine of others", { acls: [acl("*", "tag:db:5432")] }, "nodes and pods reach tag:db"],
    ["to operators on more than the API", { acls: [acl("group:ops", "tag:k3s-edge:22,6443")] }, "group:ops reaches nodes"],
    [
      "also under a posture",
      { grants: [grant("group:dev", "*", ["*"], { srcPosture: ["posture:x"] })] },
      "group:dev reaches nodes and pods",
    ],
  ]) {
    it(title, () => assert.deepEqual(whats(rules), [expected]));
  }

  it("with its line and its words", () =>
    assert.deepEqual(findOpenings('{\n"acls": [\n  {"action": "accept", "src": ["*"], "dst": ["*:80"]},\n]}', EDGE), [
      { line: 3, what: "* reaches nodes and pods, nodes and pods reach *", rule: '{"action":"accept","src":["*"],"dst":["*:80"]}' },
    ]));

  it("where there are no rules at all, unless that denies everything", () => {
    assert.deepEqual(whats({}), ["everything reaches everything"]);
    assert.deepEqual(whats({}, { ...EDGE, traits: { openWithoutRules: false } }), []);
  });

  it("to nodes alone, where pods cross in vxlan", () =>
    assert.deepEqual(whats({ acls: [acl("tag:ci", "10.0.0.0/8:*"), acl("tag:ci", "*:*")] }, { ...EDGE, integration: "flannel-iface" }), [
      "tag:ci reaches nodes",
    ]));
});

describe("no rule of others opens the cluster", () => {
  for (const [title, rules] of [
    ["between others", { acls: [acl("group:dev", "tag:db:5432"), acl("tag:ci", "192.0.2.0/24:*")] }],
    ["to the internet or people's own devices", { acls: [acl("*", "autogroup:internet:*"), acl("autogroup:member", "autogroup:self:*")] }],
    ["to the API for its operators", { grants: [grant("group:ops", "tag:k3s-edge", ["6443"])] }],
    ["among its own nodes and pods", { acls: [acl("tag:k3s-edge", ["tag:k3s-edge:9100", "10.42.0.0/16:*"])] }],
  ]) {
    it(title, () => assert.deepEqual(whats(rules), []));
  }

  it("where the file is the cluster's own", () => assert.deepEqual(findOpenings(JSON.stringify(planPolicy(EDGE)), EDGE), []));

  it("by another cluster's lines beside it", () => {
    const { text } = mergePolicy(mergePolicy(fixture("acls-commented.hujson"), EDGE).text, WEST);
    for (const cluster of [EDGE, WEST]) assert.deepEqual(findOpenings(text, cluster), []);
  });
});
