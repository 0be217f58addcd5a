import assert from "node:assert/strict";
import { describe, it } from "node:test";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { digestOf, linkProvider } from "../../../src/operator-tools/run/link-provider.cjs";
import { provider as preflight } from "../../../src/operator-tools/preflight-provider.cjs";
import { provider } from "../../../src/operator-tools/script-provider.cjs";
import { newKey, startHost } from "../support/ssh-host.mjs";

/** What the engine gets and keeps of a provider's answer. */
const kept = (outs) => structs.Struct.fromJavaScript(outs).toJavaScript();
const access = (host, privateKey, more) => JSON.stringify({ v: 1, host, credentials: { privateKey }, limitSeconds: 5, ...more });

describe("a link of a node's chain", () => {
  const inputs = (more = {}) => ({
    wanted: { node: "rack-1", script: "read-cluster", environment: { A: "1", B: "2" } },
    secrets: '[{"path":"/run/x","secret":"s"}]',
    previous: "join-1",
    access: access({ address: "192.0.2.1" }, "key 1"),
    ...more,
  });
  it("does nothing again for another address, host key or credential, and replaces only with the link before it", async (t) => {
    const operator = newKey();
    const host = await startHost({ accepts: [operator.publicKey] });
    t.after(() => host.stop());
    const wanted = { node: "rack-1", environment: { B: "2", A: "1" } };
    const first = { wanted, previous: "join-1", secrets: "[]", access: access(host.target(), operator.privateKey) };
    const { id, outs } = await provider.create((await provider.check({}, first)).inputs);
    const olds = kept(outs);
    assert.doesNotMatch(JSON.stringify(olds), /PRIVATE KEY/, "the state holds credentials twice");
    assert.deepEqual(olds.result, {});
    const differs = async (more) => {
      const { changes, replaces } = await provider.diff(id, olds, (await provider.check({}, { ...first, ...more })).inputs);
      return [changes, replaces];
    };
    assert.deepEqual(await differs({}), [false, []]);
    assert.deepEqual(await differs({ wanted: { environment: { A: "1", B: "2" }, node: "rack-1" } }), [false, []]);
    assert.deepEqual(await differs({ access: access({ ...host.target(), address: "192.0.2.9", hostKey: "other" }, "rotated") }), [
      false,
      [],
    ]);
    assert.deepEqual(await differs({ wanted: { ...wanted, environment: { A: "1", B: "3" } } }), [true, []]);
    assert.deepEqual(await differs({ secrets: '[{"path":"/x","secret":"new"}]' }), [true, []]);
    assert.deepEqual(await differs({ previous: "join-2" }), [true, ["previous"]]);
    assert.equal(host.seen.connections, 1);
  });

  it("carries the digest of its script, so that another release's script runs", async () => {
    const { inputs: checked } = await provider.check({}, inputs());
    assert.match(checked.release, /^[0-9a-f]{16}$/);
    const older = await provider.diff("x", { previous: "join-1", digest: "of the release before" }, checked);
    assert.deepEqual([older.changes, older.replaces, older.deleteBeforeReplace], [true, [], true]);
  });

  it("tells a failure in words, without a stack", async () => {
    const told = await provider
      .create(inputs({ access: access({ address: "192.0.2.1" }, "key 1", { limitSeconds: undefined }) }))
      .catch((e) => e);
    assert.equal(
      told.message,
      "The tool's input lacks host.user, host.hostKey, limitSeconds. Run `pulumi up` once to write the state again.",
    );
    assert.equal(`${told}`, "The script");
  });

  it("looks at a living host again in place where it is pinned to another key", async () => {
    const news = (hostKey) => ({ previous: "i", wanted: { node: "rack-1", hostKey, environment: {} }, access: "{}" });
    const olds = { ...news("a"), digest: digestOf(news("a")) };
    assert.deepEqual(await preflight.diff("x", olds, news("a")), { changes: false, replaces: [], deleteBeforeReplace: true });
    assert.deepEqual(await preflight.diff("x", olds, news("b")), { changes: true, replaces: [], deleteBeforeReplace: true });
  });

  it("tells its work what it did before, and whether its script or secrets are others", async () => {
    const told = [];
    const link = linkProvider(
      { load: () => Promise.resolve((given, { reveal }) => (told.push(given.before), reveal({}), Promise.resolve())), about: "The script" },
      { releaseOf: () => Promise.resolve("r1") },
    );
    const work = (B, more) => ({ wanted: { environment: { B } }, secrets: "[]", access: "{}", previous: "p", release: "r1", ...more });
    const olds = kept((await link.create(work("1"))).outs);
    await link.update("x", olds, work("2"));
    await link.update("x", olds, work("2", { release: "r2" }));
    await link.update("x", olds, work("1", { secrets: '["new"]' }));
    assert.deepEqual(
      told,
      [undefined, false, true, true].map((isOther) => (isOther === undefined ? undefined : { environment: { B: "1" }, isOther })),
    );
  });
});
