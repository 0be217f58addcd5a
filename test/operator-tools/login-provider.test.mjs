import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, it } from "node:test";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { provider } from "../../src/operator-tools/login-provider.cjs";
import { newKey, startHost } from "./support/ssh-host.mjs";

const KEYS_FILE = "home/.ssh/authorized_keys";
const THEIRS = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGNvbGxlYWd1ZSdzIGtleSBmb3IgdGhlIHRlc3Qg colleague";

/** What the engine keeps of a provider's answer, and hands it the next time. */
const kept = (outs) => structs.Struct.fromJavaScript(outs).toJavaScript();

describe("the operator's key on a kept machine", () => {
  const [first, second] = [newKey(), newKey()];
  let host;

  beforeEach(async () => {
    const user = userInfo();
    host = await startHost({ keysFile: KEYS_FILE });
    host.install("getent", `#!/bin/sh\necho "$2:x:${user.uid}:${user.gid}::${host.folder}/home:/bin/sh"\n`);
    mkdirSync(join(host.folder, "home/.ssh"), { recursive: true });
    writeFileSync(join(host.folder, KEYS_FILE), `${first.publicKey}\n${THEIRS}\n`);
  });

  const inputs = ({ privateKey, publicKey }, previous = "vm-1") => ({
    wanted: { node: "edge-core-0", publicKey },
    previous,
    access: JSON.stringify({ v: 1, host: host.target(userInfo().username), credentials: { privateKey } }),
  });
  const keys = () => readFileSync(join(host.folder, KEYS_FILE), "utf8").trimEnd().split("\n");
  const run = async (olds, news) => {
    const { changes, replaces } = await provider.diff("x", olds, news);
    assert.deepEqual(replaces, []);
    return changes ? kept((await provider.update("x", olds, news)).outs) : undefined;
  };

  it("opens no session for a new machine, which has it from its first boot, and none while it stays", async (t) => {
    t.after(() => host.stop());
    const olds = kept((await provider.create(inputs(first))).outs);
    assert.equal(await run(olds, inputs(first)), undefined);
    const elsewhere = { ...inputs(first), access: inputs(first).access.replace("127.0.0.1", "127.0.0.2") };
    assert.equal(await run(olds, elsewhere), undefined);
    assert.equal(host.seen.connections, 0);
    assert.deepEqual((await provider.diff("x", olds, inputs(first, "vm-2"))).replaces, ["previous"]);
  });

  it("is placed by the one before, which is let in until the run after, and others' keys stay", async (t) => {
    t.after(() => host.stop());
    const olds = kept((await provider.create(inputs(first))).outs);
    const changed = await run(olds, inputs(second));
    assert.deepEqual(keys(), [first.publicKey, THEIRS, second.publicKey]);
    assert.deepEqual(changed.outgoing, [first.publicKey]);
    const after = await run(changed, inputs(second));
    assert.deepEqual(keys(), [THEIRS, second.publicKey]);
    assert.equal(await run(after, inputs(second)), undefined);
    const text = JSON.stringify({ ...after, access: "", wanted: after.wanted });
    assert.doesNotMatch(text, /PRIVATE KEY/, "a credential stands outside of access, which the engine encrypts");
  });

  it("waits with what is to be taken out for a machine that is off, and is not given to one", async (t) => {
    t.after(() => host.stop());
    const off = (news) => ({ ...news, access: JSON.stringify({ ...JSON.parse(news.access), host: { ...host.target(), address: "" } }) });
    const olds = kept((await provider.create(inputs(first))).outs);
    const { message } = await run(olds, off(inputs(second))).catch((error) => error);
    assert.equal(
      message,
      "edge-core-0: the SSH key was not changed: its machine has no address now; start it, then run pulumi up --refresh",
    );
    const changed = await run(olds, inputs(second));
    const waiting = await run(changed, off(inputs(second)));
    assert.deepEqual([waiting.outgoing, keys().length], [[first.publicKey], 3]);
    await run(waiting, inputs(second));
    assert.deepEqual(keys(), [THEIRS, second.publicKey]);
  });

  it("is taken as it is where somebody placed it by hand, and where the change is taken back", async (t) => {
    t.after(() => host.stop());
    writeFileSync(join(host.folder, KEYS_FILE), `${second.publicKey}\n`);
    const changed = await run(kept((await provider.create(inputs(first))).outs), inputs(second));
    assert.deepEqual(keys(), [second.publicKey]);
    const back = await run(changed, inputs(first));
    assert.deepEqual([keys(), back.outgoing], [[second.publicKey, first.publicKey], [second.publicKey]]);
    await run(back, inputs(first));
    assert.deepEqual(keys(), [first.publicKey]);
  });

  it("is refused with the command for it where neither opens the machine, and nothing is changed", async (t) => {
    t.after(() => host.stop());
    writeFileSync(join(host.folder, KEYS_FILE), `${THEIRS}\n`);
    const olds = kept((await provider.create(inputs(first))).outs);
    const { message } = await run(olds, inputs(second)).catch((error) => error);
    assert.match(message, /^edge-core-0: neither the new SSH key nor the one of the run before opens it \(/);
    assert.ok(message.includes(`127.0.0.1 'echo "${second.publicKey}" >>.ssh/authorized_keys', then run pulumi up again`), message);
    assert.deepEqual(keys(), [THEIRS]);
  });
});
