import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf } from "../../helpers/config-builder";

describe("the rules for operators", () => {
  it("refuses no operators", () => {
    assert.deepEqual(faultsOf({ "vpn.operators": [] }), [
      "hybrid-k3s:vpn.operators: is empty, and nobody could use the cluster. Name a group or people, for example [group:ops].",
    ]);
  });

  it("names the group that was meant", () => {
    assert.deepEqual(faultsOf({ "vpn.operators": ["group:opps"] }), [
      'hybrid-k3s:vpn.operators[0]: "group:opps" is not defined. Did you mean group:ops? Otherwise define it in vpn.groups.',
    ]);
  });

  it("asks for the definition of a group", () => {
    assert.deepEqual(faultsOf({ "vpn.operators": ["group:developers"] }), [
      'hybrid-k3s:vpn.operators[0]: "group:developers" is not defined. Define it: vpn.groups: {developers: [alice@example.org]}.',
    ]);
  });

  it("refuses a tag that the policy does not define", () => {
    assert.deepEqual(faultsOf({ "vpn.operators": ["tag:laptop"] }), [
      `hybrid-k3s:vpn.operators[0]: "tag:laptop" is not defined. Name people or a group instead: of tags, only those in vpn.tagOwners are defined by this stack's policy.`,
    ]);
  });

  it("refuses everyone", () => {
    assert.deepEqual(faultsOf({ "vpn.operators": ["*", "autogroup:internet", "10.0.0.0/8"] }), [
      'hybrid-k3s:vpn.operators[0]: "*" names no people. Write group:NAME with NAME in vpn.groups, a login such as alice@example.org, or autogroup:admin.',
      'hybrid-k3s:vpn.operators[1]: "autogroup:internet" names no people. Write group:NAME with NAME in vpn.groups, a login such as alice@example.org, or autogroup:admin.',
      'hybrid-k3s:vpn.operators[2]: "10.0.0.0/8" names no people. Write group:NAME with NAME in vpn.groups, a login such as alice@example.org, or autogroup:admin.',
    ]);
  });

  it("refuses a group's name with group: in front", () => {
    assert.deepEqual(faultsOf({ "vpn.groups.group:ops": ["alice@example.org"] }), [
      'hybrid-k3s:vpn.groups["group:ops"]: has group: in front of its name. Write "ops"; operators name it with group: in front.',
    ]);
  });

  it("refuses an illegal group name", () => {
    assert.deepEqual(faultsOf({ "vpn.groups.9ops": ["alice@example.org"] }), [
      "hybrid-k3s:vpn.groups.9ops: is no legal group name. Use letters, digits, dashes and underscores, a letter first.",
    ]);
  });

  it("refuses members that are no people", () => {
    assert.deepEqual(faultsOf({ "vpn.groups.ops": ["alice@example.org", "group:dev", "tag:x"] }), [
      'hybrid-k3s:vpn.groups.ops[1]: "group:dev" is no login. Write a login as the tailnet knows it, for example alice@example.org; groups hold no tags or other groups.',
      'hybrid-k3s:vpn.groups.ops[2]: "tag:x" is no login. Write a login as the tailnet knows it, for example alice@example.org; groups hold no tags or other groups.',
    ]);
  });

  it("refuses an operator that is named twice", () => {
    for (const policy of ["own", "merge"])
      assert.deepEqual(
        faultsOf({ "vpn.operators": ["group:ops", "alice@example.org", "group:ops"], "vpn.policy": policy }).filter(
          (fault) => !/groups/.test(fault),
        ),
        ['hybrid-k3s:vpn.operators[2]: "group:ops" stands in this list twice. Remove one.'],
      );
  });

  it("refuses the nodes' own tag, whose connections the tests of operators deny", () => {
    const fault = (tag: string) =>
      `hybrid-k3s:vpn.operators[1]: "${tag}" is the nodes' own tag. Remove it: nodes reach the API server without it.`;
    const shared = { "vpn.policy": "merge", "vpn.groups": {} };
    assert.deepEqual(faultsOf({ ...shared, "vpn.operators": ["group:ops", "tag:k3s-edge"] }), [fault("tag:k3s-edge")]);
    assert.deepEqual(faultsOf({ ...shared, "vpn.tag": "tag:north", "vpn.operators": ["group:ops", "tag:north"] }), [fault("tag:north")]);
    assert.deepEqual(faultsOf({ ...shared, "vpn.tag": "tag:north", "vpn.operators": ["group:ops", "tag:k3s-edge"] }), []);
  });

  it("accepts logins, roles and tags that the policy defines", () => {
    assert.deepEqual(faultsOf({ "vpn.operators": ["alice@example.org", "autogroup:admin", "tag:k3s-admin", "group:ops"] }), []);
  });
});
