import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudPools, faultsOf } from "../../helpers/config-builder";

describe("the rules for pools", () => {
  it("refuses an illegal pool name", () => {
    assert.deepEqual(faultsOf({ "pools.Rack_2": { provider: "bare-metal", role: "agent", hosts: [] } }), [
      'hybrid-k3s:pools.Rack_2: "Rack_2" is no legal pool name. Use at most 24 lower-case letters, digits and dashes, a letter or digit first and last.',
    ]);
  });

  it("refuses a cloud pool's own jurisdiction", () => {
    assert.deepEqual(faultsOf(cloudPools({ jurisdiction: "eu" })), [
      "hybrid-k3s:pools.burst.jurisdiction: is a setting of bare-metal pools only. Remove it: a cloud pool's region says it.",
    ]);
  });

  it("refuses a pool outside the allowed jurisdictions", () => {
    assert.deepEqual(
      faultsOf({ "cluster.allowedJurisdictions": ["eu", "ch"], "pools.rack.jurisdiction": "us", "pools.edge.jurisdiction": "ch" }),
      [
        'hybrid-k3s:pools.rack.jurisdiction: "us" is not among cluster.allowedJurisdictions. Keep the pool within "eu" or "ch", or change cluster.allowedJurisdictions.',
      ],
    );
  });

  it("refuses a pool without jurisdiction where some are allowed", () => {
    assert.deepEqual(faultsOf({ "cluster.allowedJurisdictions": ["eu"], "pools.rack.jurisdiction": "eu" }), [
      'hybrid-k3s:pools.edge.jurisdiction: is missing, and cluster.allowedJurisdictions is set. Keep the pool within "eu", or change cluster.allowedJurisdictions.',
    ]);
  });

  it("refuses an illegal jurisdiction", () => {
    assert.deepEqual(faultsOf({ "pools.rack.jurisdiction": "-eu-" }), [
      'hybrid-k3s:pools.rack.jurisdiction: "-eu-" is no legal jurisdiction. Use at most 63 letters, digits, dashes, dots and underscores, a letter or digit first and last.',
    ]);
  });

  it("refuses what is no duration", () => {
    assert.deepEqual(faultsOf({ "pools.rack.drainTimeout": "2 minutes" }), [
      'hybrid-k3s:pools.rack.drainTimeout: "2 minutes" is no time limit from 1s to 1h. Write hours, minutes and seconds, for example 90s, 2m or 1m30s.',
    ]);
  });

  it("refuses a drain without an end", () => {
    assert.deepEqual(faultsOf({ "pools.rack.drainTimeout": "2h" }), [
      'hybrid-k3s:pools.rack.drainTimeout: "2h" is no time limit from 1s to 1h. Write hours, minutes and seconds, for example 90s, 2m or 1m30s.',
    ]);
  });

  it("refuses a server's removeData and drainPolicy, and a policy that there is not", () => {
    const ofServer = (key: string) =>
      `hybrid-k3s:pools.rack.${key}: is set for the only server, which is never drained and takes the whole cluster along. ` +
      "Remove it. Whether the server may be replaced says cluster.allowServerReplacement.";
    assert.deepEqual(faultsOf({ "pools.rack.removeData": false, "pools.rack.drainPolicy": "wait" }), [
      ofServer("drainPolicy"),
      ofServer("removeData"),
    ]);
    assert.deepEqual(faultsOf({ "pools.edge.removeData": true, "pools.edge.drainPolicy": "wait" }), []);
    assert.match(faultsOf({ "pools.edge.drainPolicy": "waits" })[0] ?? "", /pools\.edge\.drainPolicy: "waits" .*force.*wait/);
  });

  it("accepts a pool without hosts", () => {
    assert.deepEqual(faultsOf({ "pools.edge.hosts": [] }), []);
  });

  it("does not miss a server where one may hide behind another fault", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts": "rack-1" }).length, 1);
    assert.deepEqual(faultsOf({ "pools.rack.role": "srever" }).length, 1);
  });
});
