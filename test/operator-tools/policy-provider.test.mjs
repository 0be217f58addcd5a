import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, beforeEach, describe, it } from "node:test";
import { errorOf } from "./support/recorder.mjs";
import { CLUSTER } from "./support/policy-run.mjs";
import { PREPARED_TAILNET, OWN, TAG } from "./support/policy-texts.mjs";
import { device, startTailnet } from "./support/tailnet-server.mjs";

const require = createRequire(import.meta.url);
const PROVIDER = require.resolve("../../src/operator-tools/policy-provider.cjs");

/** The provider as a process of its own has it: what it remembers begins with the run. */
function newRun() {
  delete require.cache[PROVIDER];
  return require(PROVIDER).provider;
}

describe("the policy as a resource", () => {
  let tailnet;
  let provider;
  before(async () => (tailnet = await startTailnet()));
  after(() => tailnet.stop());
  beforeEach(() => {
    Object.assign(tailnet.state, { policy: PREPARED_TAILNET, written: [], devices: [], faults: [] });
    provider = newRun();
  });

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
    tailnet.state.policy = PREPARED_TAILNET;
    const seen = await provider.read(id, outs);
    assert.ok(seen.props.linesToChange > 0 && seen.props.linesToChange !== 12, String(seen.props.linesToChange));
    assert.equal(seen.inputs.linesToChange, seen.props.linesToChange);
    assert.deepEqual(await provider.diff(id, outs, inputs({ linesToChange: 5 })), { changes: true });
    assert.deepEqual(await provider.diff(id, seen.props, inputs({ linesToChange: 0 })), { changes: false });
  });

  it("goes with what it wrote", async () => {
    const { id, outs } = await provider.create(inputs());
    assert.notEqual(tailnet.state.policy, PREPARED_TAILNET);
    await provider.delete(id, outs);
    assert.equal(tailnet.state.policy, PREPARED_TAILNET);
  });

  for (const mode of ["own", "merge"]) {
    it(`takes no line out where \`up --replace\` deletes and makes it again, and knows what was found before (${mode})`, async () => {
      const wanted = inputs({ policy: { mode, document: OWN.ours, policyCluster: CLUSTER, groups: OWN.groups } });
      const { id, outs } = await provider.create(wanted);
      const live = tailnet.state.policy;
      assert.notEqual(live, PREPARED_TAILNET);

      provider = newRun();
      assert.deepEqual(await provider.check({}, wanted), { inputs: wanted });
      await provider.delete(id, outs);
      assert.equal(tailnet.state.policy, live);
      const again = await provider.create(wanted);
      assert.deepEqual([again.outs.left, tailnet.state.written], [outs.left, [live]]);

      await newRun().delete(id, again.outs);
      assert.equal(tailnet.state.policy, PREPARED_TAILNET);
    });
  }

  it("keeps what it knows where its replacement could not be written", async () => {
    const { id, outs } = await provider.create(inputs());
    provider = newRun();
    await provider.check({}, inputs());
    tailnet.state.faults = [{ method: "GET", path: /\/acl$/, times: 1, status: 403 }];
    // Before the engine forgets the one that stands.
    assert.match((await errorOf(provider.delete(id, outs))).message, /was refused \(403/);
  });

  it("stays where a device still lives by it, until the operator gives that up", async (test) => {
    const { id, outs } = await provider.create(inputs());
    const live = tailnet.state.policy;
    tailnet.state.devices = [
      device("n1", "rack-9", [TAG], { addresses: ["100.64.0.9"] }),
      device("n2", "laptop", ["tag:else"]),
      device("n3", "theirs", [TAG], { isExternal: true }),
    ];
    provider = newRun();
    const { message } = await errorOf(provider.delete(id, outs));
    assert.match(message, /^The lines for tag:k3s-edge stay .* rack-9 \(100\.64\.0\.9\)\. Nothing was changed\.\n/);
    assert.match(message, /HYBRID_K3S_ABANDON_NODES=rack-9 in the environment/);
    assert.equal(tailnet.state.policy, live);

    process.env.HYBRID_K3S_ABANDON_NODES = "rack-9";
    test.after(() => delete process.env.HYBRID_K3S_ABANDON_NODES);
    await provider.delete(id, outs);
    assert.equal(tailnet.state.policy, PREPARED_TAILNET);
  });
});
