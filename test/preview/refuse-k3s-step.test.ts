import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { refuseK3sStep } from "../../src/preview/refuse-k3s-step";
import { keepWarnings } from "../helpers/kept-warnings";

describe("the k3s release of a cluster that stands", () => {
  let refuse: typeof refuseK3sStep;
  let forget: () => void;
  let cluster: object | undefined;
  const warnings = keepWarnings();

  before(async () => {
    await pulumi.runtime.setMocks(
      { newResource: () => ({ id: "", state: {} }), call: () => ({ outputs: { ...(cluster && { cluster }) } }) },
      "hybrid-k3s",
      "dev",
      false,
      "organization",
    );
    ({ refuseK3sStep: refuse } = await import("../../src/preview/refuse-k3s-step.js"));
    ({ forgetLastRun: forget } = await import("../../src/last-run.js"));
  });
  beforeEach(() => forget());

  const said = (k3sVersion: string, allowUntestedK3s = false) =>
    refuse({ k3sVersion, allowUntestedK3s }).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );

  it("may be any in a stack that has none yet", async () => {
    assert.equal(await said("v1.33.11+k3s1"), "");
  });

  it("may not go down or skip a minor, with the way on", async () => {
    cluster = { k3sVersion: "v1.35.4+k3s1" };
    assert.equal(
      await said("v1.34.7+k3s1"),
      "hybrid-k3s:cluster.k3sVersion: the cluster runs v1.35.4+k3s1, and v1.34.7+k3s1 is older, and k3s does not go down: it may not read what it has stored. " +
        "Nothing was changed: write v1.35.4+k3s1, or a later release of that minor or the next (cluster.allowUntestedK3s: true goes on all the same).",
    );
    assert.equal(await said("v1.36.0+k3s1"), "");
    cluster = { k3sVersion: "v1.33.11+k3s1" };
    forget();
    assert.match(await said("v1.35.4+k3s1"), /v1\.35\.4\+k3s1 skips a minor version: go up by one at a time/);
  });

  it("is warned of alone where untested releases are allowed", async () => {
    cluster = { k3sVersion: "v1.35.4+k3s1" };
    assert.equal(await said("v1.34.7+k3s1", true), "");
    assert.match(warnings.join("\n"), /v1\.34\.7\+k3s1 is older.*; going on, as cluster\.allowUntestedK3s says/);
  });
});
