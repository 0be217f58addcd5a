import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openControl } from "../../../src/operator-tools/control/open-control.mjs";
import { planLivePolicy } from "../../../src/operator-tools/policy/policy-edit.mjs";
import { startHeadscale } from "../support/headscale-server.mjs";
import { CLUSTER } from "../support/policy-run.mjs";
import { recordOutput } from "../support/recorder.mjs";

const LIVE = '{\n\t"groups": {"group:ops": ["alice@"]},\n\t"acls": [{"action": "accept", "src": ["group:ops"], "dst": ["*:*"]}],\n}\n';

/** The policy as this cluster would have it at a headscale of this release. */
async function planAt(minor, t, { live = LIVE, mode = "merge", operators = ["group:ops"] } = {}) {
  const server = await startHeadscale({ minor });
  t.after(() => server.stop());
  const traits = await openControl(server.access(), { env: {}, out: recordOutput() }).policyTraits();
  return planLivePolicy(live, { mode, document: "{}", cluster: { ...CLUSTER, tagOwners: [], operators, traits }, groups: {} });
}

describe("what a headscale would not enforce", () => {
  for (const minor of [26, 27, 28, 29]) {
    it(`is no section or field for its capitals, which 0.${minor} does not mind`, async (t) => {
      const live = LIVE.replace('"groups"', '"Groups"').replace('"acls"', '"ACLs"').replace('"action"', '"Action"');
      const { text, refusal } = await planAt(minor, t, { live });
      assert.equal(refusal, undefined);
      assert.match(text, /"ACLs": \[.*hybrid-k3s/);
    });
  }

  for (const mode of ["merge", "own", "none"]) {
    it(`is an operator that 0.26 does not know, in ${mode}`, async (t) => {
      const { refusal } = await planAt(26, t, { mode, operators: ["autogroup:member"] });
      assert.match(
        refusal,
        /\n- headscale 0\.26 does not know autogroup:member, which vpn\.operators names\. Name a group, or use headscale/,
      );
    });
  }

  it("is none of 0.27's autogroups", async (t) => {
    const { text } = await planAt(27, t, { operators: ["autogroup:member"] });
    assert.match(text, /"src": \["autogroup:member"\], "dst": \["tag:k3s-edge:6443"\]/);
  });
});
