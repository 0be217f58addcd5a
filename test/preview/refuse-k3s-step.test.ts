import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { refuseK3sStep } from "../../src/preview/refuse-k3s-step";
import { planCluster } from "../../src/plan/plan-cluster";
import { configWith } from "../helpers/config-builder";
import { keepWarnings } from "../helpers/kept-warnings";

interface LastRun {
  /** The stack's output. */
  readonly wanted?: string;
  /** What the state's installs say, by node. */
  readonly given?: Readonly<Record<string, string>>;
}

const scriptType = "pulumi-nodejs:dynamic/remote:Script";

describe("the k3s release of a cluster that stands", () => {
  const { nodes } = planCluster(configWith({}));
  let refuse: typeof refuseK3sStep;
  let forget: () => void;
  let last: LastRun = {};
  const warnings = keepWarnings();

  const answerOf = (token: string) => {
    if (token === "pulumi:pulumi:readStackOutputs") return last.wanted === undefined ? {} : { cluster: { k3sVersion: last.wanted } };
    const given = Object.entries(last.given ?? {});
    return Object.fromEntries(
      given.map(([node, k3sVersion]) => [
        `urn:pulumi:dev::hybrid-k3s::hybrid-k3s:cluster:HybridCluster$${scriptType}::${node}-install`,
        { type: scriptType, outputs: { result: { k3sVersion } } },
      ]),
    );
  };

  before(async () => {
    await pulumi.runtime.setMocks(
      { newResource: () => ({ id: "", state: {} }), call: ({ token }) => ({ outputs: answerOf(token) }) },
      "hybrid-k3s",
      "dev",
      false,
      "organization",
    );
    ({ refuseK3sStep: refuse } = await import("../../src/preview/refuse-k3s-step.js"));
    ({ forgetLastRun: forget } = await import("../../src/preview/last-run.js"));
  });

  const said = (run: LastRun, k3sVersion: string, allowUntestedK3s = false) => {
    last = run;
    forget();
    return refuse({ k3sVersion, allowUntestedK3s, nodes }).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
  };
  const all = (release: string) => ({ wanted: release, given: { "rack-1": release, "kiosk-1": release } });

  it("may be any in a stack that has none yet", async () => {
    assert.equal(await said({}, "v1.33.11+k3s1"), "");
  });

  it("may not go down or skip a minor, with the way on", async () => {
    assert.equal(
      await said(all("v1.35.4+k3s1"), "v1.34.7+k3s1"),
      "hybrid-k3s:cluster.k3sVersion cannot be given to all nodes:\n" +
        "- rack-1, kiosk-1: v1.35.4+k3s1 by the last run, and v1.34.7+k3s1 is older, and k3s does not go down: it may not read what it has stored\n" +
        "Nothing was changed. Write a release that none of these is newer than, of the same minor as the oldest or the next, and bring all " +
        "nodes to it first (cluster.allowUntestedK3s: true goes on all the same).",
    );
    assert.equal(await said(all("v1.35.4+k3s1"), "v1.36.0+k3s1"), "");
    assert.match(await said(all("v1.33.11+k3s1"), "v1.35.4+k3s1"), /v1\.35\.4\+k3s1 skips a minor version: go up by one at a time/);
  });

  it("may not leave an agent newer than a server, nor a kubelet more than three minors behind", async () => {
    const newer = { wanted: "v1.35.4+k3s1", given: { "rack-1": "v1.34.7+k3s1", "kiosk-1": "v1.35.4+k3s1" } };
    assert.match(await said(newer, "v1.34.8+k3s1"), /^- kiosk-1: v1\.35\.4\+k3s1 by the last run, and v1\.34\.8\+k3s1 is older/m);
    const behind = { wanted: "v1.36.0+k3s1", given: { "rack-1": "v1.36.0+k3s1", "kiosk-1": "v1.33.11+k3s1" } };
    assert.match(
      await said(behind, "v1.37.0+k3s1"),
      /^- kiosk-1: v1\.33\.11\+k3s1 by the last run, and v1\.37\.0\+k3s1 skips a minor version/m,
    );
  });

  it("is judged by what each node was given, not by what the last run wanted", async () => {
    // A run with --continue-on-error that failed on one node, and with --target rack-1.
    const upgrade = { wanted: "v1.34.7+k3s1", given: { "rack-1": "v1.34.7+k3s1", "kiosk-1": "v1.33.11+k3s1" } };
    assert.match(
      await said(upgrade, "v1.35.4+k3s1"),
      /^- kiosk-1: v1\.33\.11\+k3s1 by the last run, and v1\.35\.4\+k3s1 skips a minor version/m,
    );
    // None of them was reached: what was wanted may be taken back.
    const unreached = { wanted: "v1.35.4+k3s1", given: { "rack-1": "v1.34.7+k3s1", "kiosk-1": "v1.34.7+k3s1" } };
    assert.equal(await said(unreached, "v1.34.7+k3s1"), "");
    // The first run failed, so that there are no outputs.
    assert.match(await said({ given: { "rack-1": "v1.35.4+k3s1" } }, "v1.34.7+k3s1"), /^- rack-1: .* is older/m);
  });

  it("is not judged by nodes that are no longer in the config", async () => {
    assert.equal(await said({ given: { "gone-1": "v1.35.4+k3s1" } }, "v1.34.7+k3s1"), "");
  });

  it("is warned of alone where untested releases are allowed", async () => {
    assert.equal(await said(all("v1.35.4+k3s1"), "v1.34.7+k3s1", true), "");
    assert.match(warnings.join("\n"), /v1\.34\.7\+k3s1 is older.*\nGoing on, as cluster\.allowUntestedK3s says/);
  });
});
