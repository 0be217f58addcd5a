import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { REAL_SUITES, listParts } from "./real-parts";
import { SUITES } from "./suites";

describe("a run against the real parts", () => {
  it("says which parts are real, and by what variable the others can be", () => {
    const { lines, areReal } = listParts({ standIns: ["k3s", "resourceTls", "resourceAws", "resourceAzureNative"] });
    assert.equal(areReal, false);
    assert.deepEqual(lines.slice(0, 2), ["stand-in  k3s: give the real one's path by LAB_K3S", "real      k3s's installer"]);
    assert.ok(lines.includes("stand-in  Pulumi's plugin tls: give the real one's path by LAB_PULUMI_RESOURCE_TLS"));
  });

  it("needs no account: the clouds stay emulated", () => {
    assert.equal(listParts({ standIns: ["resourceAws", "resourceAzureNative", "resourcePulumiNodejs"] }).areReal, true);
  });

  it("names suites that there are", () => {
    const names = SUITES.map(({ name }) => name);
    assert.deepEqual(
      REAL_SUITES.filter((name) => !names.includes(name)),
      [],
    );
  });
});
