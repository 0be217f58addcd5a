import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf } from "../../helpers/config-builder";

describe("a pool's upgrade", () => {
  it("may take several agents at the same time", () => {
    assert.deepEqual(faultsOf({ "pools.edge.upgrade": { maxUnavailable: 3 } }), []);
    assert.deepEqual(faultsOf({ "pools.rack.upgrade": { drain: true } }), []);
  });

  it("takes one at least, and servers one at a time", () => {
    assert.deepEqual(faultsOf({ "pools.edge.upgrade": { maxUnavailable: 0 }, "pools.rack.upgrade": { maxUnavailable: 2 } }), [
      "hybrid-k3s:pools.rack.upgrade.maxUnavailable: is more than 1 for servers, which are upgraded one at a time. Remove it.",
      "hybrid-k3s:pools.edge.upgrade.maxUnavailable: 0 nodes at the same time would upgrade none. Write 1 or more.",
    ]);
  });
});
