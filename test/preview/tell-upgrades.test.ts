import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { clusterStatus } from "../../src/plan/cluster-status";
import { planCluster } from "../../src/plan/plan-cluster";
import type { tellUpgrades } from "../../src/preview/tell-upgrades";
import { configWith, type Overrides } from "../helpers/config-builder";

const scriptType = "pulumi-nodejs:dynamic/remote:Script";
const RELEASES = { "cluster.k3sVersion": "v1.34.7+k3s1", "vpn.version": "1.86.2" };

describe("a change of releases", () => {
  let tell: typeof tellUpgrades;
  let forget: () => void;
  let told: string[];
  let asked: string[];
  let outputs: object = {};
  let state: object = {};

  before(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: () => ({ id: "", state: {} }),
        call: ({ token }) => {
          asked.push(token.split(":").at(-1) ?? "");
          return { outputs: token.endsWith("readStackOutputs") ? outputs : state };
        },
      },
      "hybrid-k3s",
      "dev",
      true,
      "organization",
    );
    pulumi.log.info = (text: string) => (told.push(text), Promise.resolve());
    ({ tellUpgrades: tell } = await import("../../src/preview/tell-upgrades.js"));
    ({ forgetLastRun: forget } = await import("../../src/preview/last-run.js"));
  });

  const urn = (name: string) => `urn:pulumi:dev::hybrid-k3s::hybrid-k3s:cluster:HybridCluster$${scriptType}::${name}`;
  const nodeState = (node: string, k3sVersion: string, version: string) => [
    [urn(`${node}-install`), { type: scriptType, outputs: { result: { k3sVersion }, wanted: { environment: {} } } }],
    [urn(`${node}-join`), { type: scriptType, outputs: { wanted: { environment: { TAILSCALE_VERSION: version } } } }],
  ];
  /** What is told of `wanted` where the last run wanted `last` and the state holds these nodes. */
  const toldOf = async (wanted: Overrides, last: Overrides | undefined, nodes: readonly (readonly (readonly unknown[])[])[]) => {
    [told, asked] = [[], []];
    outputs = last === undefined ? {} : { cluster: clusterStatus(planCluster(configWith({ ...RELEASES, ...last }))) };
    state = Object.fromEntries(nodes.flat() as [string, unknown][]);
    forget();
    await tell(planCluster(configWith({ ...RELEASES, ...wanted })));
    return told;
  };
  const all = ["rack-1", "rack-2", "kiosk-1"].map((name) => nodeState(name, "v1.34.7+k3s1", "1.86.2"));

  it("is told node by node, servers first, each from what it was given", async () => {
    const half = [nodeState("kiosk-1", "v1.33.11+k3s1", "1.86.2"), nodeState("rack-1", "v1.34.7+k3s1", "1.86.2")];
    assert.deepEqual(await toldOf({ "cluster.k3sVersion": "v1.35.4+k3s1" }, {}, half), [
      "hybrid-k3s:cluster.k3sVersion: k3s goes from one release to another, in place and in turns:\n" +
        "- rack-1 (server): v1.34.7+k3s1 to v1.35.4+k3s1\n" +
        "- kiosk-1 (agent): v1.33.11+k3s1 to v1.35.4+k3s1",
    ]);
  });

  it("is told of tailscale too", async () => {
    const lines = (await toldOf({ "vpn.version": "1.88.3" }, {}, all)).join("\n").split("\n");
    assert.equal(lines[0], "hybrid-k3s:vpn.version: tailscale goes from one release to another, in place and in turns:");
    assert.ok(lines.includes("- rack-1 (server): 1.86.2 to 1.88.3"));
    assert.ok(lines.every((line) => !line.includes("k3s goes")));
  });

  it("is nothing at a first run, for nodes that are new, and where the releases stay, which spares the state", async () => {
    assert.deepEqual(await toldOf({ "cluster.k3sVersion": "v1.35.4+k3s1" }, undefined, all), []);
    assert.deepEqual(await toldOf({ "cluster.k3sVersion": "v1.35.4+k3s1" }, {}, []), []);
    assert.deepEqual(await toldOf({ "cluster.tlsSans": ["k3s.example.org"] }, {}, all), []);
    assert.deepEqual(asked, ["readStackOutputs"]);
  });
});
