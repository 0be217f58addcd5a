import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultOfK3sStep } from "../../src/plan/k3s-step";

describe("a step from one k3s release to another", () => {
  it("goes up within a minor, and by one minor", () => {
    for (const [before, wanted] of [
      ["v1.35.4+k3s1", "v1.35.4+k3s1"],
      ["v1.35.4+k3s1", "v1.35.4+k3s2"],
      ["v1.34.7+k3s1", "v1.35.4+k3s1"],
      ["v1.34.9+k3s1", "v1.35.4+k3s1"],
      ["v1.35.4+k3s1", "v1.35.11+k3s1"],
    ] as const)
      assert.equal(faultOfK3sStep(before, wanted), undefined, `${before} to ${wanted}`);
  });

  it("never goes down, by whatever part", () => {
    for (const wanted of ["v1.35.4+k3s1", "v1.35.3+k3s9", "v1.34.12+k3s1", "v0.40.9+k3s9"])
      assert.match(faultOfK3sStep("v1.35.4+k3s2", wanted) ?? "", /^is older, and k3s does not go down/, wanted);
  });

  it("skips no minor", () => {
    assert.equal(faultOfK3sStep("v1.33.11+k3s1", "v1.35.4+k3s1"), "skips a minor version: go up by one at a time");
  });
});
