import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import policyProvider from "../../src/tools/policy-provider.cjs";
import { CLUSTER } from "./support/policy-run.mjs";
import { DEFAULT_WITH_README, OWN } from "./support/policy-texts.mjs";
import { startTailnet } from "./support/tailnet-server.mjs";

const { provider } = policyProvider;

describe("the policy as a resource", () => {
  let tailnet;
  before(async () => (tailnet = await startTailnet()));
  after(() => tailnet.stop());
  beforeEach(() => Object.assign(tailnet.state, { policy: DEFAULT_WITH_README, written: [] }));

  const inputs = (more = {}) => ({
    policy: { mode: "merge", document: OWN.ours, policyCluster: CLUSTER, groups: {} },
    access: JSON.stringify({ v: 1, cluster: "edge", tailnet: tailnet.access() }),
    linesToChange: 12,
    ...more,
  });

  it("is the same to a refresh as it was left", async () => {
    const { id, outs } = await provider.create(inputs());
    assert.deepEqual(await provider.read(id, outs), { id, props: outs });
    const { outs: updated } = await provider.update(id, outs, inputs({ linesToChange: 3 }));
    assert.deepEqual((await provider.read(id, updated)).props, updated);
  });

  it("is another to a refresh where somebody took lines out, and changes for that alone", async () => {
    const { id, outs } = await provider.create(inputs());
    tailnet.state.policy = DEFAULT_WITH_README;
    const seen = await provider.read(id, outs);
    assert.ok(seen.props.linesToChange > 0 && seen.props.linesToChange !== 12, String(seen.props.linesToChange));
    assert.equal(seen.inputs.linesToChange, seen.props.linesToChange);
    assert.deepEqual(await provider.diff(id, outs, inputs({ linesToChange: 5 })), { changes: true });
    assert.deepEqual(await provider.diff(id, seen.props, inputs({ linesToChange: 0 })), { changes: false });
  });

  it("goes with what it wrote", async () => {
    const { id, outs } = await provider.create(inputs());
    assert.notEqual(tailnet.state.policy, DEFAULT_WITH_README);
    await provider.delete(id, outs);
    assert.equal(tailnet.state.policy, DEFAULT_WITH_README);
  });
});
