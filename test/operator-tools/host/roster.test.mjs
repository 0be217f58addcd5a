import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { planRemoval } from "../../../src/operator-tools/host/plan-removal.mjs";
import { listLostVolumes, prepareRemoval } from "../../../src/operator-tools/host/prepare-removal.mjs";
import { provider } from "../../../src/operator-tools/roster-provider.cjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { scriptFolder } from "../support/scripts.mjs";
import { freePort, newKey, startHost } from "../support/ssh-host.mjs";

const POOLS = { metal: { removeData: false, drainPolicy: "wait" }, burst: { removeData: true, drainPolicy: "wait" } };
const nodeOf = (pool) => (name) => ({ name, pool, ...POOLS[pool], drain: `${name}-id` });
const [metal, burst] = [nodeOf("metal"), nodeOf("burst")];
const rosterOf = (nodes, more = {}) => ({ nodes, pools: POOLS, left: [], ...more });
const nothing = { keepData: [], cordon: [], uncordon: [], annotate: [], left: [] };

describe("what leaves the roster", () => {
  const plan = (earlier, nodes, pools = POOLS) => planRemoval(earlier, { nodes, pools });

  it("is nothing where the list has grown or is the same", () => {
    const earlier = rosterOf([metal("rack-2")]);
    assert.deepEqual(plan(earlier, [metal("rack-2")]), nothing);
    assert.deepEqual(plan(earlier, [burst("burst-0"), metal("rack-2")]), nothing);
    assert.deepEqual(plan(earlier, [{ ...metal("rack-2"), removeData: true }], { metal: { ...POOLS.metal, removeData: true } }), nothing);
  });

  it("is left to its own removal where it is one node", () => {
    assert.deepEqual(plan(rosterOf([metal("rack-2")]), []), { ...nothing, left: [metal("rack-2")] });
  });

  it("is cordoned as a set, and asked for its data where its pool does not let it go", () => {
    const earlier = rosterOf([metal("rack-2"), burst("burst-0"), burst("burst-1"), metal("rack-3")]);
    const { keepData, cordon, annotate, left } = plan(earlier, [metal("rack-3")]);
    assert.deepEqual(cordon, ["rack-2", "burst-0", "burst-1"]);
    assert.deepEqual(keepData, [metal("rack-2")]);
    assert.deepEqual(annotate, []);
    assert.deepEqual(left, [metal("rack-2"), burst("burst-0"), burst("burst-1")]);
  });

  it("goes by what its pool says now, and its Node is told so; by what it said last where the pool is gone", () => {
    const earlier = rosterOf([metal("rack-2"), burst("burst-0")]);
    const pools = { metal: { removeData: true, drainPolicy: "force" } };
    const { keepData, annotate } = plan(earlier, [], pools);
    assert.deepEqual(keepData, []);
    assert.deepEqual(annotate, ["rack-2 remove-data=true", "rack-2 drain-policy=force"]);
  });

  it("is told of a pool's change of mind also after a removal that was refused or cut off", () => {
    const earlier = rosterOf([], { left: [metal("rack-2")] });
    assert.deepEqual(plan(earlier, []), { ...nothing, left: earlier.left });
    const allowed = { ...POOLS, metal: { removeData: true, drainPolicy: "wait" } };
    const changed = plan(earlier, [], allowed);
    assert.deepEqual(changed, { ...nothing, annotate: ["rack-2 remove-data=true"], left: earlier.left });
    assert.deepEqual(plan({ ...earlier, pools: allowed }, []).annotate, ["rack-2 remove-data=false"]);
  });

  it("is given back to the cluster where it is listed again", () => {
    const earlier = rosterOf([], { left: [burst("burst-0"), burst("burst-1"), metal("rack-2")] });
    const { uncordon, left } = plan(earlier, [burst("burst-0"), metal("rack-2")]);
    assert.deepEqual(uncordon, ["burst-0", "rack-2"]);
    assert.deepEqual(left, [burst("burst-1")]);
    // A node that was removed and is made again.
    assert.deepEqual(plan(earlier, [{ ...burst("burst-0"), drain: "other" }]).uncordon, []);
  });
});

describe("the roster's update", () => {
  const operator = newKey();
  const scripts = scriptFolder({
    "prepare-removal": `echo "$CORDON/$UNCORDON/$ANNOTATE" >prepared
[ "$KEEP_DATA" != broken ] || { echo 'the API server does not answer' >&2; exit 1; }
[ -z "$KEEP_DATA" ] || { echo 'rack-2 pvc-1 default/data default/web-0 default/web-1'; echo 'rack-3 pvc-2 db/logs'; exit 3; }
`,
    "list-node-data": `echo "$NODE_NAMES" | while read -r name; do echo "$name pvc-1 default/data default/web-0"; done`,
  });
  let server;

  // Its greeting is in no result.
  before(async () => (server = await startHost({ accepts: [operator.publicKey], profile: "echo Welcome to rack 1" })));
  after(() => server.stop());

  const input = (earlier, nodes, more = {}) => {
    const credentials = { privateKey: operator.privateKey };
    return { v: 1, host: server.target(), credentials, before: earlier, nodes, pools: POOLS, ...more };
  };
  const run = async (given, env = {}) => {
    const out = recordOutput();
    let revealed;
    await prepareRemoval(given, { env, out, reveal: (value) => (revealed = value), limits: { connectMs: 3000 }, scripts });
    return { ...revealed, said: out.written.stderr };
  };
  const both = [metal("rack-2"), metal("rack-3")];

  it("opens no connection where there is nothing to do", async () => {
    const earlier = rosterOf([metal("rack-2")]);
    const { connections } = server.seen;
    await run(input(earlier, [metal("rack-2"), burst("burst-0")]));
    await run(input(earlier, []));
    assert.equal(server.seen.connections, connections);
  });

  it("does its work in one session", async () => {
    const { connections } = server.seen;
    const { left } = await run(input(rosterOf([burst("burst-0"), burst("burst-1")]), []));
    assert.equal(server.seen.connections, connections + 1);
    assert.match(server.seen.commands.at(-1), /^sudo -n timeout -k 10 \d+ sh -s -- prepare-removal$/);
    assert.deepEqual(left, [burst("burst-0"), burst("burst-1")]);
  });

  it("names pods and volumes that would be lost, and the settings that let them go", async () => {
    const { message } = await errorOf(run(input(rosterOf(both), [])));
    assert.equal(
      message,
      "Nothing was removed, because volumes that no other node can use would be lost with the nodes that leave:\n" +
        "- rack-2: volume pvc-1 (claim default/data, pods default/web-0 default/web-1)\n" +
        "- rack-3: volume pvc-2 (claim db/logs)\n" +
        "Move the data and delete the claims, or put the nodes back. Where the data may go: set hybrid-k3s:pools.metal.removeData to true; " +
        "then run the same command again.",
    );
    const gone = await errorOf(run(input(rosterOf(both), [], { pools: {} })));
    assert.match(gone.message, /Where the data may go: kubectl annotate node rack-2 rack-3 hybrid-k3s\/remove-data=true; then run/);
    await run(input(rosterOf(both), []), { HYBRID_K3S_ABANDON_NODES: "rack-2 rack-3" });
  });

  it("keeps nodes whose data must not be lost where nobody can tell, and lets the others go", async () => {
    const host = { ...server.target(), port: await freePort() };
    const { message } = await errorOf(run(input(rosterOf(both), [], { host })));
    assert.match(message, /^Nothing was removed, because nobody could tell whether rack-2, rack-3 hold data: the first server .* refuses/);
    assert.match(message, /to remove them whatever they hold: HYBRID_K3S_ABANDON_NODES=rack-2,rack-3$/);
    const { said, left } = await run(input(rosterOf([burst("burst-0"), burst("burst-1")]), [], { host }));
    assert.match(said, /^warning: the first server .* refuses[^]*could not be cordoned together, and their removal goes on/);
    assert.equal(left.length, 2);
  });

  it("fails where the script fails, so that nothing is removed", async () => {
    const nodes = ["broken", "burst-0"].map((name) => (name === "broken" ? metal(name) : burst(name)));
    const { message } = await errorOf(run(input(rosterOf(nodes), [])));
    assert.match(message, /could not be prepared on a server \(exit code 1, last: the API server does not answer\); nothing was removed/);
  });

  it("looks at data for a preview", async () => {
    const found = await listLostVolumes({ ...input(rosterOf([]), []), nodes: ["rack-2"] }, { env: {}, out: recordOutput(), scripts });
    assert.deepEqual(found, [{ node: "rack-2", volume: "pvc-1", claim: "default/data", pods: ["default/web-0"] }]);
  });
});

describe("the roster as a resource", () => {
  const olds = { nodes: [metal("rack-2")], pools: POOLS, left: [] };

  it("changes with its nodes and their pools' settings, not with how the first server is reached", async () => {
    const changes = async (news) => (await provider.diff("roster", olds, { ...olds, access: "other", ...news })).changes;
    assert.equal(await changes({}), false);
    const { name, ...rest } = metal("rack-2");
    assert.equal(await changes({ nodes: [{ ...rest, name }] }), false, "the same in another order");
    assert.equal(await changes({ nodes: [] }), true);
    assert.equal(await changes({ pools: { metal: { removeData: true, drainPolicy: "wait" } } }), true);
  });

  it("is made, updated and deleted without a connection where nothing leaves", async () => {
    const { outs } = await provider.create({ nodes: olds.nodes, pools: POOLS, access: "{}" });
    assert.deepEqual(outs, olds);
    const nodes = [metal("rack-2"), burst("burst-0")];
    const updated = await provider.update("roster", outs, { nodes, pools: POOLS, access: '{"v":1}' });
    assert.deepEqual(updated.outs, { nodes, pools: POOLS, left: [] });
    await provider.delete("roster", updated.outs);
  });
});
