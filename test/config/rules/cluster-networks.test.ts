import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf, hostKey, type Overrides, warningsOf } from "../../helpers/config-builder";

describe("the rules for the cluster's networks", () => {
  it("refuses what is no network", () => {
    assert.deepEqual(faultsOf({ "cluster.podCidr": "10.42.0.0" }), [
      'hybrid-k3s:cluster.podCidr: "10.42.0.0" is no IPv4 network. Write an address, a slash and a prefix length, for example 10.42.0.0/16.',
    ]);
  });

  it("refuses a network with host bits, and writes it right", () => {
    assert.deepEqual(faultsOf({ "cluster.podCidr": "10.42.7.0/16" }), [
      'hybrid-k3s:cluster.podCidr: "10.42.7.0/16" is an address within a network. Write the network, 10.42.0.0/16.',
    ]);
  });

  it("refuses IPv6", () => {
    assert.deepEqual(faultsOf({ "cluster.podCidr": "fd00:42::/56" }), [
      'hybrid-k3s:cluster.podCidr: "fd00:42::/56" is an IPv6 network, and IPv6 is not available yet. Give one IPv4 network.',
    ]);
  });

  it("refuses two families in one setting", () => {
    assert.deepEqual(faultsOf({ "cluster.serviceCidr": "10.43.0.0/16,fd00:43::/112" }), [
      'hybrid-k3s:cluster.serviceCidr: "10.43.0.0/16,fd00:43::/112" is no IPv4 network. Write an address, a slash and a prefix length, for example 10.42.0.0/16.',
    ]);
  });

  it("refuses a podCidr without a whole /24", () => {
    assert.deepEqual(faultsOf({ "cluster.podCidr": "10.42.0.0/25" }), [
      'hybrid-k3s:cluster.podCidr: "10.42.0.0/25" is too small. Take a /8 to a /24: each node takes a /24 of it.',
    ]);
  });

  it("refuses a service network larger than Kubernetes takes", () => {
    assert.deepEqual(faultsOf({ "cluster.serviceCidr": "172.0.0.0/8" }), [
      'hybrid-k3s:cluster.serviceCidr: "172.0.0.0/8" is too large. Take a /12 to a /28: Kubernetes takes no larger one, and k3s needs its tenth address.',
    ]);
  });

  it("refuses a range with a meaning of its own", () => {
    assert.deepEqual(faultsOf({ "cluster.podCidr": "127.16.0.0/16" }), [
      `hybrid-k3s:cluster.podCidr: "127.16.0.0/16" overlaps 127.0.0.0/8: a host's own addresses (loopback). Take a private network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.`,
    ]);
  });

  it("refuses a range that holds one with a meaning of its own", () => {
    const words = (overrides: Overrides) => faultsOf(overrides).map((fault) => / overlaps (\S+): /.exec(fault)?.[1]);
    assert.deepEqual(words({ "cluster.podCidr": "169.0.0.0/8" }), ["169.254.0.0/16"]);
    assert.deepEqual(words({ "cluster.podCidr": "224.0.0.0/16", "cluster.serviceCidr": "255.255.255.0/24" }), [
      "224.0.0.0/4",
      "255.255.255.255/32",
    ]);
    assert.deepEqual(words({ "cluster.podCidr": "0.0.0.0/8" }), ["0.0.0.0/8"]);
  });

  it("warns of public addresses, and of a range that is private in part", () => {
    const of = (setting: string, cidr: string) =>
      `hybrid-k3s:cluster.${setting}: "${cidr}" is not private address space, and nodes cannot reach anybody else's machines there. Unless these addresses are yours, take a network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.`;
    const public_ = { "cluster.podCidr": "172.0.0.0/11", "cluster.serviceCidr": "44.0.0.0/16" };
    assert.deepEqual(faultsOf(public_), []);
    assert.deepEqual(warningsOf(public_), [of("podCidr", "172.0.0.0/11"), of("serviceCidr", "44.0.0.0/16")]);
    assert.deepEqual(warningsOf({ "cluster.podCidr": "10.128.0.0/9", "cluster.serviceCidr": "192.168.0.0/16" }), []);
  });

  it("refuses a podCidr within the tailnet's addresses", () => {
    assert.deepEqual(faultsOf({ "cluster.podCidr": "100.65.0.0/16" }), [
      `hybrid-k3s:cluster.podCidr: "100.65.0.0/16" overlaps the tailnet's own addresses, 100.64.0.0/10. Take a network that no host, VPN or service uses.`,
    ]);
  });

  it("refuses a serviceCidr around the tailnet's addresses", () => {
    assert.deepEqual(faultsOf({ "cluster.serviceCidr": "100.64.0.0/12" }), [
      `hybrid-k3s:cluster.serviceCidr: "100.64.0.0/12" overlaps the tailnet's own addresses, 100.64.0.0/10. Take a network that no host, VPN or service uses.`,
    ]);
  });

  it("refuses a serviceCidr within podCidr", () => {
    assert.deepEqual(faultsOf({ "cluster.serviceCidr": "10.42.128.0/20" }), [
      'hybrid-k3s:cluster.serviceCidr: "10.42.128.0/20" overlaps podCidr, 10.42.0.0/16. Take a network that no host, VPN or service uses.',
    ]);
  });

  it("refuses more nodes than podCidr holds", () => {
    assert.deepEqual(faultsOf({ "cluster.podCidr": "10.42.0.0/23" }), [
      'hybrid-k3s:cluster.podCidr: "10.42.0.0/23" holds 2 nodes, and the pools have 3. Take a /22 or larger: each node takes a /24 of it.',
    ]);
  });

  it("checks a podCidr against the default serviceCidr", () => {
    assert.deepEqual(faultsOf({ "cluster.podCidr": "10.40.0.0/14", "cluster.serviceCidr": undefined }), [
      'hybrid-k3s:cluster.serviceCidr: "10.43.0.0/16" overlaps podCidr, 10.40.0.0/14. Take a network that no host, VPN or service uses.',
    ]);
  });

  it("accepts as many nodes as podCidr holds", () => {
    const kiosk = { name: "kiosk-1", address: "10.0.0.4", user: "ops", hostKey: hostKey(2) };
    assert.deepEqual(faultsOf({ "cluster.podCidr": "10.42.0.0/23", "pools.edge.hosts": [kiosk] }), []);
    assert.deepEqual(faultsOf({ "cluster.podCidr": "10.42.0.0/22" }), []);
  });
});
