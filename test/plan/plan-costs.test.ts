import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planCluster } from "../../src/plan/plan-cluster";
import { cloudPools, configWith, hostKey, type Overrides } from "../helpers/config-builder";

const costsWith = (overrides: Overrides) =>
  planCluster(configWith(overrides), { mirrorCaPem: "", warnings: [], sshPublicKey: hostKey(99) }).costs;

describe("planCosts", () => {
  it("sums what the pools with nodes cost, as a table without colours", () => {
    assert.equal(
      costsWith(cloudPools({ count: 3, remove: [1], hourlyPrice: 0.0957 }, { count: 10, hourlyPrice: 1.5 })),
      [
        "┌──────────┬───────┬───────────────┬──────────────┐",
        "│ pool     │ nodes │ each per hour │ all per hour │",
        "├──────────┼───────┼───────────────┼──────────────┤",
        "│ burst    │     2 │       $0.0957 │      $0.1914 │",
        "├──────────┼───────┼───────────────┼──────────────┤",
        "│ burst-az │    10 │         $1.50 │       $15.00 │",
        "├──────────┼───────┼───────────────┼──────────────┤",
        "│ sum      │    12 │               │     $15.1914 │",
        "└──────────┴───────┴───────────────┴──────────────┘",
      ].join("\n"),
    );
  });

  it("shows every decimal that a price may have", () => {
    const [, , , burst = "", , burstAz = ""] =
      costsWith(cloudPools({ count: 2, hourlyPrice: 0.00004 }, { count: 1, hourlyPrice: 0.00495 }))?.split("\n") ?? [];
    assert.match(burst, /\$0\.00004 .+\$0\.00008 /);
    assert.match(burstAz, /\$0\.00495 .+\$0\.00495 /);
  });

  it("says which pools are not in the sum", () => {
    const lines = costsWith(cloudPools({ count: 1, hourlyPrice: 0.1 }, { count: 2 }))?.split("\n") ?? [];
    assert.equal(lines[lines.length - 1], "Not in the sum, for want of an hourlyPrice: burst-az (2).");
    assert.doesNotMatch(lines.slice(0, -1).join("\n"), /burst-az/);
  });

  it("is absent without nodes or without prices", () => {
    assert.equal(costsWith(cloudPools({ hourlyPrice: 0.1 })), undefined);
    assert.equal(costsWith(cloudPools({ count: 3 })), undefined);
    assert.equal("costs" in planCluster(configWith()), false);
  });
});
