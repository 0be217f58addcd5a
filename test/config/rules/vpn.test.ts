import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { badTailscaleReleases } from "../../../src/catalog/tailscale-releases";
import { configWith, faultsOf, warningsOf } from "../../helpers/config-builder";

describe("the rules for the VPN", () => {
  it("refuses a mode that is not built yet", () => {
    for (const mode of ["wireguard-native", "nebula", "netmaker", "zerotier"])
      assert.deepEqual(faultsOf({ "vpn.mode": mode }), [
        `hybrid-k3s:vpn.mode: "${mode}" is not available yet. Write tailscale or headscale.`,
      ]);
  });

  it("merges into the tailnet's policy where nothing is said", () => {
    assert.equal(configWith({ "vpn.policy": undefined, "vpn.groups": undefined }).vpn.policy, "merge");
  });

  it("leaves groups and tags to the policy of others, and refuses groups that it would not write", () => {
    assert.deepEqual(faultsOf({ "vpn.policy": "merge", "vpn.groups": {}, "vpn.operators": ["group:theirs", "tag:admin"] }), []);
    for (const policy of ["merge", "none", undefined]) {
      assert.deepEqual(faultsOf({ "vpn.policy": policy, "vpn.groups": { ops: ["alice@example.org"] } }), [
        `hybrid-k3s:vpn.groups: is defined by this stack only where vpn.policy is own, not ${policy ?? "merge"}. Define the groups in the tailnet's policy and remove them here, or write policy: own.`,
      ]);
    }
  });

  it("adds tests to the policy that stand in nobody's way where nothing is said, and others only where it writes into one", () => {
    const merge = { "vpn.policy": "merge", "vpn.groups": undefined };
    assert.equal(configWith(merge).vpn.policyTests, "accept");
    for (const policyTests of ["none", "accept", "strict"]) assert.deepEqual(faultsOf({ ...merge, "vpn.policyTests": policyTests }), []);
    assert.deepEqual(faultsOf({ "vpn.policy": "own", "vpn.policyTests": "strict" }), [
      "hybrid-k3s:vpn.policyTests: is strict, and tests are added to the tailnet's policy only where vpn.policy is merge, not own. Remove it, or write policy: merge.",
    ]);
    assert.deepEqual(faultsOf({ ...merge, "vpn.policyTests": "deny" }), [
      'hybrid-k3s:vpn.policyTests: "deny" is not known. Write none, accept or strict.',
    ]);
  });

  it("knows three ways of integration, and names the nearest for another word", () => {
    assert.equal(configWith().vpn.integration, "k3s");
    assert.deepEqual(faultsOf({ "vpn.integration": "flannel-iface", "cluster.k3sVersion": "v1.35.6+k3s1" }), []);
    assert.deepEqual(faultsOf({ "vpn.integration": "routes" }), []);
    assert.deepEqual(faultsOf({ "vpn.integration": "flannel-face" }), [
      'hybrid-k3s:vpn.integration: "flannel-face" is not known. Did you mean flannel-iface? Known are k3s, routes and flannel-iface.',
    ]);
    assert.deepEqual(faultsOf({ "vpn.integration": "manual" }), [
      'hybrid-k3s:vpn.integration: "manual" is not known. Write k3s, routes or flannel-iface.',
    ]);
  });

  it("says at each preview what flannel-iface costs", () => {
    assert.deepEqual(warningsOf({ "vpn.integration": "flannel-iface", "cluster.k3sVersion": "v1.35.6+k3s1" }), [
      "hybrid-k3s:vpn.integration: flannel-iface needs no routes in the tailnet and no approval, but packs packets between nodes twice (vxlan inside the VPN): pods get an MTU of 1230 instead of 1280, and less throughput.",
    ]);
    assert.deepEqual(warningsOf({ "vpn.integration": "k3s" }), []);
    assert.deepEqual(warningsOf({ "vpn.integration": "routes" }), []);
  });

  it("refuses what is no tailscale release", () => {
    assert.deepEqual(faultsOf({ "vpn.version": "v1.88" }), [
      'hybrid-k3s:vpn.version: "v1.88" is no tailscale release. Write its three numbers, for example 1.88.3.',
    ]);
  });

  it("refuses releases that never were stable or are known to be bad, with the issue and one to use", () => {
    const told = (version: string) => faultsOf({ "vpn.version": version });
    assert.deepEqual(told("1.87.25"), [
      'hybrid-k3s:vpn.version: "1.87.25" never was stable: tailscale\'s odd minors are development builds. Use a release of an even one, of 1.88 or 1.88.3.',
    ]);
    assert.deepEqual(told("1.86.0"), [
      'hybrid-k3s:vpn.version: "1.86.0" is refused: subnet routers on Linux, as every node is one, hang (#16651). Use 1.86.2.',
    ]);
    for (const version of ["1.58.0", "1.66.0", "1.66.3", "1.90.1", "1.98.1"])
      assert.match(String(told(version)), /is refused: .*#\d+.*Use 1\./, version);
    for (const version of ["1.58.2", "1.64.2", "1.66.4", "1.86.2", "1.88.3", "1.90.3", "1.98.2"])
      assert.deepEqual(told(version), [], version);
    // What is advised is itself no release that is refused.
    for (const { use } of badTailscaleReleases) assert.deepEqual(told(use), [], use);
  });

  it("refuses what is no tag", () => {
    assert.deepEqual(faultsOf({ "vpn.tag": "k3s-edge" }), [
      'hybrid-k3s:vpn.tag: "k3s-edge" is no tag. Write tag: and letters, digits and dashes, a letter first, or leave it out for tag:k3s-<cluster name>.',
    ]);
  });

  it("refuses no tag owners", () => {
    assert.deepEqual(faultsOf({ "vpn.tagOwners": [] }), [
      "hybrid-k3s:vpn.tagOwners: is empty. Name the tag of the OAuth client, for example [tag:k3s-admin].",
    ]);
  });

  it("asks for tag owners where there are none", () => {
    assert.deepEqual(faultsOf({ "vpn.tagOwners": undefined }), [
      "hybrid-k3s:vpn.tagOwners: is missing. Add it, for example `tagOwners: [tag:k3s-admin]`.",
    ]);
  });

  it("refuses people as tag owners", () => {
    assert.deepEqual(faultsOf({ "vpn.tagOwners": ["alice@example.org", "group:ops", "autogroup:admin"] }), [
      'hybrid-k3s:vpn.tagOwners[0]: "alice@example.org" is people, whose every device could then make itself a node. Name the tag of the OAuth client, for example tag:k3s-admin.',
      'hybrid-k3s:vpn.tagOwners[1]: "group:ops" is people, whose every device could then make itself a node. Name the tag of the OAuth client, for example tag:k3s-admin.',
      'hybrid-k3s:vpn.tagOwners[2]: "autogroup:admin" is people, whose every device could then make itself a node. Name the tag of the OAuth client, for example tag:k3s-admin.',
    ]);
  });

  it("refuses nodes as tag owners", () => {
    assert.deepEqual(faultsOf({ "vpn.tagOwners": ["tag:k3s-edge"] }), [
      `hybrid-k3s:vpn.tagOwners[0]: "tag:k3s-edge" is the nodes' own tag. Name another tag, that of the OAuth client: a node must not be able to make nodes.`,
    ]);
  });

  it("refuses a tag owner that is no tag, or there twice", () => {
    assert.deepEqual(faultsOf({ "vpn.tagOwners": ["tag:a", "tag:a", "admin"] }), [
      'hybrid-k3s:vpn.tagOwners[1]: "tag:a" stands in this list twice. Remove one.',
      'hybrid-k3s:vpn.tagOwners[2]: "admin" is no tag. Write tag: and letters, digits and dashes, a letter first.',
    ]);
  });

  it("refuses what is no port, or there twice", () => {
    assert.deepEqual(faultsOf({ "vpn.nodePorts": [0, 10250, 70000, 10250] }), [
      "hybrid-k3s:vpn.nodePorts[0]: 0 is no TCP port. Write numbers from 1 to 65535, for example 10250.",
      "hybrid-k3s:vpn.nodePorts[2]: 70000 is no TCP port. Write numbers from 1 to 65535, for example 10250.",
      "hybrid-k3s:vpn.nodePorts[3]: 10250 stands in this list twice. Remove one.",
    ]);
  });
});
