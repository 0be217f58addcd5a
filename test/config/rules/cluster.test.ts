import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf, warningsOf } from "../../helpers/config-builder";

describe("the rules for the cluster", () => {
  it("refuses an illegal cluster name", () => {
    assert.deepEqual(faultsOf({ "cluster.name": "Edge" }), [
      'hybrid-k3s:cluster.name: "Edge" is no legal cluster name. Use at most 30 lower-case letters, digits and dashes, a letter first and no dash last.',
    ]);
  });

  it("refuses a cluster name that leaves no room for node names", () => {
    assert.deepEqual(faultsOf({ "cluster.name": "a".repeat(31) }), [
      'hybrid-k3s:cluster.name: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is no legal cluster name. Use at most 30 lower-case letters, digits and dashes, a letter first and no dash last.',
    ]);
  });

  it("refuses an endpoint with a scheme", () => {
    assert.deepEqual(faultsOf({ "cluster.apiEndpoint": "https://k3s.example.org" }), [
      'hybrid-k3s:cluster.apiEndpoint: "https://k3s.example.org" is neither a host name nor an IPv4 address. Write the name alone, without scheme, port or path.',
    ]);
  });

  it("refuses an IPv6 name in the certificate", () => {
    assert.deepEqual(faultsOf({ "cluster.tlsSans": ["k3s.example.org", "fd00::1"] }), [
      'hybrid-k3s:cluster.tlsSans[1]: "fd00::1" is an IPv6 address, and IPv6 is not available yet. Give a host name or an IPv4 address.',
    ]);
  });

  it("refuses an empty list of jurisdictions", () => {
    assert.deepEqual(faultsOf({ "cluster.allowedJurisdictions": [] }), [
      "hybrid-k3s:cluster.allowedJurisdictions: is empty, and no pool could be in it. Name jurisdictions, or remove it.",
    ]);
  });

  it("refuses an illegal jurisdiction", () => {
    assert.deepEqual(
      faultsOf({ "cluster.allowedJurisdictions": ["eu", "?"], "pools.rack.jurisdiction": "eu", "pools.edge.jurisdiction": "eu" }),
      [
        'hybrid-k3s:cluster.allowedJurisdictions[1]: "?" is no legal jurisdiction. Use at most 63 letters, digits, dashes, dots and underscores, a letter or digit first and last.',
      ],
    );
  });

  it("warns of a permission to replace the only server for as long as it is there", () => {
    assert.deepEqual(warningsOf({ "cluster.allowServerReplacement": true }), [
      "hybrid-k3s:cluster.allowServerReplacement: is true, so a change of the first server's generation, role or name, of cluster.name, podCidr or " +
        "serviceCidr, or of vpn.integration (to or from flannel-iface) replaces the only server with all that the cluster holds, and nothing stops it. " +
        "As soon as the replacement is done, remove it and run pulumi up.",
    ]);
    assert.deepEqual(warningsOf({ "cluster.allowServerReplacement": false }), []);
  });
});
