import assert from "node:assert/strict";
import { it } from "node:test";
import { azureDiskName } from "../../../src/clouds/azure/azure-disk-name";

it("calls a machine's disk after its node, and otherwise where the disk of one that failed stands in the way", () => {
  assert.equal(azureDiskName("edge-core-0"), "edge-core-0-disk");
  assert.equal(azureDiskName("edge-core-0", "7a1f3c52-0000-4000-8000-000000000001"), "edge-core-0-disk-7a1f3c52");
});
