import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { forgetLastRun } from "../../src/preview/last-run";
import { planCluster } from "../../src/plan/plan-cluster";
import { previewPolicy } from "../../src/preview/preview-policy";
import { TailscaleVpn } from "../../src/vpn/tailnet/tailscale-vpn";
import { configWith, type Overrides } from "../helpers/config-builder";

const MERGE: Overrides = { "vpn.policy": "merge", "vpn.groups": {} };
const tailnetWith = (overrides: Overrides) => planCluster(configWith(overrides)).tailnet;
const ours = (overrides: Overrides = {}) => JSON.stringify(tailnetWith(overrides).policy);
const OTHERS = `{
	"tagOwners": {
		"tag:k3s-admin": [],
	},
	"groups": {"group:ops": ["alice@example.org"]},
	"acls": [
	],
}
`;

/** That policy as the runs of a stack leave it, and what the state then keeps. */
async function merged() {
  const { mergePolicy } = await import("../../src/operator-tools/policy/index.mjs");
  return mergePolicy(OTHERS, tailnetWith(MERGE).cluster);
}

describe("what a preview of the policy asks the state", () => {
  let live = "";
  let state: object = {};
  let asked = 0;
  before(() => {
    const call = ({ token }: pulumi.runtime.MockCallArgs) => {
      if (token !== "pulumi:pulumi:readStackResourceOutputs") return { id: "acl", acl: live, hujson: live };
      asked += 1;
      return { outputs: state };
    };
    return pulumi.runtime.setMocks({ newResource: () => assert.fail(), call }, "hybrid-k3s", "dev", true, "organization");
  });
  beforeEach(() => {
    forgetLastRun();
    state = {};
    asked = 0;
  });

  /** How many lines change, and which they are. */
  async function look(overrides: Overrides): Promise<{ readonly lines: number; readonly told: string }> {
    let told = "";
    const vpn = new TailscaleVpn(tailnetWith(overrides), { baseUrl: "https://api.tailscale.com", tailnet: "-" });
    const lines = await previewPolicy(tailnetWith(overrides), vpn, (text) => void (told += text));
    return { lines, told };
  }

  it("is nothing where the policy is as wanted, or changes in what is known to be ours", async () => {
    live = ours();
    assert.equal((await look({})).lines, 0);
    assert.ok((await look({ "vpn.nodePorts": [9100] })).lines > 0);
    live = (await merged()).text;
    assert.equal((await look(MERGE)).lines, 0);
    assert.ok((await look({ ...MERGE, "vpn.nodePorts": [9100] })).lines > 0);
    assert.equal(asked, 0);
  });

  it("is what of the policy was found and written, where there is no mark of ours", async () => {
    live = OTHERS;
    assert.ok((await look(MERGE)).lines > 0);
    await look(MERGE);
    assert.equal(asked, 1, "once a run, however many ask");
  });

  it("is whether a line without a mark is ours, which the run marks again", async () => {
    const { text, wrote } = await merged();
    const outputs = { policy: { mode: "merge", document: "{}" }, left: { wrote } };
    state = { "urn:pulumi:dev::hybrid-k3s::x::policy": { type: "pulumi-nodejs:dynamic/vpn/tailnet:Policy", outputs } };
    live = text.replace(/("tag:k3s-edge": \["tag:k3s-admin"\],) .*/, "$1");
    assert.notEqual(live, text);
    const { lines, told } = await look(MERGE);
    assert.equal(lines, 2);
    assert.match(told, /^\+\t\t"tag:k3s-edge": \["tag:k3s-admin"\], \/\/ hybrid-k3s: edge$/m);
  });
});
