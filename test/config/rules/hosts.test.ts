import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf, hostKey, warningsOf } from "../../helpers/config-builder";

describe("the rules for hosts", () => {
  it("refuses an illegal node name", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].name": "Rack_1" }), [
      'hybrid-k3s:pools.rack.hosts[0].name: "Rack_1" is no legal node name. Use 2 to 63 lower-case letters, digits and dashes, a letter or digit first and last.',
    ]);
  });

  it("refuses a name of one character", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].name": "r" }), [
      'hybrid-k3s:pools.rack.hosts[0].name: "r" is no legal node name. Use 2 to 63 lower-case letters, digits and dashes, a letter or digit first and last.',
    ]);
  });

  it("refuses a name that another pool has", () => {
    assert.deepEqual(faultsOf({ "pools.edge.hosts[1].name": "rack-1" }), [
      `hybrid-k3s:pools.edge.hosts[1].name: "rack-1" is the name of hybrid-k3s:pools.rack.hosts[0] too. Give each host a name of its own: it names the node, the tailnet device and the stack's resources.`,
    ]);
  });

  it("refuses the same address and port behind the same bastion", () => {
    assert.deepEqual(faultsOf({ "pools.edge.hosts[1].address": "10.0.0.4" }), [
      'hybrid-k3s:pools.edge.hosts[1].address: "10.0.0.4", port 22, is the place of hybrid-k3s:pools.edge.hosts[0] too. Remove one of them, or correct its address or port.',
    ]);
  });

  it("refuses a negative generation", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].generation": -1 }), [
      "hybrid-k3s:pools.rack.hosts[0].generation: -1 is negative. Start with 0, and add 1 each time the host is installed again.",
    ]);
  });

  it("refuses an external address that is none", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].externalIp": "rack.example.org" }), [
      `hybrid-k3s:pools.rack.hosts[0].externalIp: "rack.example.org" is no IPv4 address. Give the address by which the world reaches this node's services, or remove it.`,
    ]);
  });

  it("refuses an external IPv6 address", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].externalIp": "2001:db8::1" }), [
      'hybrid-k3s:pools.rack.hosts[0].externalIp: "2001:db8::1" is an IPv6 address, and IPv6 is not available yet. Give an IPv4 address, or remove it.',
    ]);
  });

  it("refuses an external address among the pods", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].externalIp": "10.42.3.4" }), [
      'hybrid-k3s:pools.rack.hosts[0].externalIp: "10.42.3.4" is inside cluster.podCidr. Give the cluster a podCidr that no host has an address in.',
    ]);
  });

  it("accepts one address behind two bastions, and two ports of one address", () => {
    const other = { provider: "bare-metal", role: "agent", bastion: { address: "192.0.2.30", user: "jump", hostKey: hostKey(30) } };
    const host = { name: "far-1", address: "10.0.0.4", user: "ops", hostKey: hostKey(4) };
    assert.deepEqual(faultsOf({ "pools.far": { ...other, hosts: [host] } }), []);
    assert.deepEqual(faultsOf({ "pools.edge.hosts[1].address": "10.0.0.4", "pools.edge.hosts[1].port": 2202 }), []);
  });

  it("warns of two hosts with one host key", () => {
    assert.deepEqual(warningsOf({ "pools.edge.hosts[1].hostKey": hostKey(2) }), [
      "hybrid-k3s:pools.edge.hosts[1].hostKey: the same key as hybrid-k3s:pools.edge.hosts[0]. Is it one machine? If one was cloned, give it host keys of its own.",
    ]);
  });
});
