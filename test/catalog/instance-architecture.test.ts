import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readInstanceType } from "../../src/catalog/instance-architecture";

const readings = (provider: "aws" | "azure", types: string) =>
  new Set(
    types.split(" ").map((type) => {
      const read = readInstanceType(provider, type);
      return read.kind === "known" ? read.architecture : read.kind;
    }),
  );

describe("readInstanceType", () => {
  it("knows AWS's amd64 types, GPU types among them", () => {
    const types =
      "t3.large t3a.nano m5.metal c7i.metal-24xl c7i-flex.large m7a.16xlarge g4dn.xlarge g6e.12xlarge p4de.24xlarge p5en.48xlarge " +
      "inf2.xlarge trn1n.32xlarge u-12tb1.112xlarge u7i-12tb.224xlarge x2iedn.32xlarge p6-b200.48xlarge hpc6a.48xlarge t1.micro";
    assert.deepEqual(readings("aws", types), new Set(["amd64"]));
  });

  it("knows AWS's arm64 types by their g, and the first of them", () => {
    const types =
      "a1.medium t4g.small m6gd.metal c7gn.16xlarge g5g.xlarge im4gn.large is4gen.8xlarge hpc7g.16xlarge x2gd.medium p6e-gb200.36xlarge";
    assert.deepEqual(readings("aws", types), new Set(["arm64"]));
  });

  it("tells macOS and what is no AWS type", () => {
    assert.deepEqual(readings("aws", "mac1.metal mac2-m1ultra.metal mac-m4.metal"), new Set(["macos"]));
    assert.deepEqual(readings("aws", "t3 large t3.huge T3.large t3.large.xl t.large Standard_D2s_v5 .large"), new Set(["malformed"]));
  });

  it("knows Azure's amd64 sizes, GPU sizes among them", () => {
    const sizes =
      "Standard_D2s_v5 Standard_B1s Standard_A4m_v2 Standard_DS2_v2 Standard_E64-16s_v3 Standard_NC24ads_A100_v4 Standard_NC4as_T4_v3 " +
      "Standard_ND96isr_H100_v5 Standard_NP10s Standard_M416s_8_v2 Standard_HB120-16rs_v3 Standard_D2_v2_Promo Standard_DC2as_v5 Basic_A1";
    assert.deepEqual(readings("azure", sizes), new Set(["amd64"]));
  });

  it("knows Azure's arm64 sizes by their p", () => {
    const sizes = "Standard_D2ps_v5 Standard_D4plds_v6 Standard_E4pds_v5 Standard_B2pts_v2 Standard_ND128isr_NDR_GB200_v6";
    assert.deepEqual(readings("azure", sizes), new Set(["arm64"]));
  });

  it("tells what is no Azure size", () => {
    assert.deepEqual(readings("azure", "D2s_v5 Standard_d2s_v5 Standard_D_v5 Standard-D2s-v5 t3.large"), new Set(["malformed"]));
  });
});
