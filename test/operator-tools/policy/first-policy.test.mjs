import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planLivePolicy } from "../../../src/operator-tools/policy/policy-edit.mjs";
import { openControl } from "../../../src/operator-tools/control/open-control.mjs";
import { startHeadscale } from "../support/headscale-server.mjs";
import { CLUSTER } from "../support/policy-run.mjs";
import { recordOutput } from "../support/recorder.mjs";

describe("a headscale without any policy", () => {
  async function refusalOf(t, mode, policy) {
    const server = await startHeadscale({ minor: 26 });
    t.after(() => server.stop());
    server.state.policy = policy;
    const control = openControl(server.access(), { env: {}, out: recordOutput() });
    const [{ text }, traits] = await Promise.all([control.readPolicy(), control.policyTraits()]);
    const cluster = { ...CLUSTER, tagOwners: [], traits };
    const { refusal } = planLivePolicy(text, { mode, document: "{}", cluster, groups: {}, policyPage: control.policyPage });
    return refusal;
  }

  for (const mode of ["merge", "none"]) {
    it(`is told in mode ${mode} that its first policy must allow what holds now, or everything is cut off`, async (t) => {
      const refusal = await refusalOf(t, mode, undefined);
      assert.match(refusal, /group:ops/);
      assert.match(
        refusal,
        /\nIt has no policy yet, and allows everything; once it has one, .*\n {2}\{"groups": \{"group:ops": \["alice@"\]\}, "acls": \[\{"action": "accept", "src": \["\*"\], "dst": \["\*:\*"\]\}\]\}\n.*headscale policy set -f FILE/,
      );
    });

    it(`is not told so in mode ${mode} where it has one`, async (t) => {
      assert.doesNotMatch(await refusalOf(t, mode, '{"acls": []}'), /no policy yet/);
    });
  }
});
