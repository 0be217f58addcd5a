import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generation1Only } from "../../src/catalog/azure-generations";
import { exampleTypes } from "../../src/catalog/instance-architecture";
import { cloudPools, faultsOf } from "../helpers/config-builder";

const old =
  "Standard_A1_v2 Standard_A8m_v2 Standard_D1_v2 Standard_D15_v2 Standard_D2_v2_Promo Standard_D64_v3 Standard_E2_v3 Standard_E64i_v3 " +
  "Standard_NC6 Standard_NC24r Standard_NC12_Promo Standard_NV24 Standard_NP40s";
const able =
  "Standard_DS2_v2 Standard_D2s_v3 Standard_D4_v4 Standard_D2_v5 Standard_E64is_v3 Standard_E4-2s_v3 Standard_E2_v4 Standard_NC6s_v2 " +
  "Standard_NC4as_T4_v3 Standard_NV12s_v3 Standard_NV4as_v4 Standard_B2s Standard_B2s_v2 Standard_F2s_v2 Standard_D2ps_v5 Standard_DC2s_v2";

describe("generation1Only", () => {
  it("knows the series that boot no image of generation 2", () => {
    assert.deepEqual(
      old.split(" ").map((size) => generation1Only(size)?.series),
      ["Av2", "Av2", "Dv2", "Dv2", "Dv2", "Dv3", "Ev3", "Ev3", "NC", "NC", "NC", "NV", "NP"],
    );
  });

  it("lets those pass that do, and what it does not know", () => {
    for (const size of [...able.split(" "), "Standard_Z9_v9", exampleTypes.azure.amd64])
      assert.equal(generation1Only(size), undefined, size);
  });

  it("proposes a size that passes, with spot too", () => {
    for (const size of old.split(" "))
      assert.deepEqual(faultsOf(cloudPools({}, { vmSize: generation1Only(size)?.instead ?? size, spot: true })), [], size);
    for (const size of old.split(" ")) assert.equal(generation1Only(generation1Only(size)?.instead ?? size), undefined, size);
    assert.equal(generation1Only("Standard_D2_v2_Promo")?.instead, "Standard_DS2_v2");
    assert.equal(generation1Only("Standard_E64i_v3")?.instead, "Standard_E64is_v3");
  });
});
