import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { runScript } from "../../../src/operator-tools/host/run-script.mjs";
import { prepareRemoval } from "../../../src/operator-tools/host/prepare-removal.mjs";
import { SessionPool } from "../../../src/operator-tools/ssh/session-pool.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { scriptFolder } from "../support/scripts.mjs";
import { freePort, newKey, startHost } from "../support/ssh-host.mjs";

describe("a script on any of several servers", () => {
  const operator = newKey();
  const scripts = scriptFolder({
    // As lib-servers.sh: a server whose API is silent says so, but not the last one that is asked.
    "do-it": `if [ -e silent ] && [ -n "\${PASS_ON_SECONDS:-}" ]; then exit 4; fi
[ ! -e silent ] || { echo "rack-1: the API server does not answer" >&2; exit 1; }
[ ! -e broken ] || exit 7
printf '{"secret":"%s"}\\n' "$(while read -r line || [ -n "$line" ]; do echo "$line"; done <secret 2>/dev/null)"\n`,
    "prepare-removal": `: >asked\n`,
  });
  let hosts, out, revealed, sessions;

  before(async () => (hosts = await Promise.all([1, 2, 3].map(() => startHost({ accepts: [operator.publicKey] })))));
  after(() => Promise.all(hosts.map((host) => host.stop())));
  beforeEach(async () => {
    [out, revealed, sessions] = [recordOutput(), [], new SessionPool({ idleMs: 100 })];
    for (const host of hosts) for (const name of ["silent", "broken", "asked", "secret"]) rmSync(join(host.folder, name), { force: true });
  });

  const credentials = { privateKey: operator.privateKey };
  const context = () => ({
    env: {},
    out,
    limits: { connectMs: 5000, patienceMs: 0 },
    scripts,
    sessions,
    reveal: (result) => revealed.push(result),
  });
  const put = (host, name, text = "") => writeFileSync(join(host.folder, name), text);
  const named = (targets) => targets.map((host, i) => ({ name: `rack-${i + 1}`, host }));
  const run = (targets, more = {}) =>
    runScript(
      { v: 1, node: "kiosk-1", script: "do-it", environment: {}, hosts: named(targets), limitSeconds: 5, credentials, ...more },
      context(),
    );
  const targets = () => hosts.map((host) => host.target());

  it("runs on the first that can be reached and whose API answers, and says who was passed over", async () => {
    const [, second, third] = targets();
    put(hosts[1], "silent");
    put(hosts[2], "secret", "third");
    await run([{ ...second, port: await freePort() }, second, third]);
    assert.deepEqual(revealed, [{ secret: "third" }]);
    assert.match(out.written.stderr, /rack-1 does not answer; asking another server\n.*rack-2 does not answer; asking another server\n/);
  });

  it("asks one whose host key is another one now no further, but the next", async () => {
    const [first, second] = targets();
    await run([{ ...first, hostKey: second.hostKey }, second]);
    assert.equal(revealed.length, 1);
  });

  it("takes a failure for what it is, and asks nobody else", async () => {
    put(hosts[0], "broken");
    const error = await errorOf(run(targets()));
    assert.match(error.message, /do-it failed with exit code 7/);
  });

  it("tells what the last one said where none answers", async () => {
    for (const host of hosts) put(host, "silent");
    assert.match((await errorOf(run(targets()))).message, /rack-1: the API server does not answer$/);
    const dead = await Promise.all(targets().map(async (target) => ({ ...target, port: await freePort() })));
    assert.match((await errorOf(run(dead))).message, /^kiosk-1: do-it did not end: rack-3 \(.* refuses the connection/);
  });

  it("places secrets that are carried along, on whichever server runs it", async () => {
    const [first, second] = targets();
    const carried = [{ path: `${hosts[1].folder}/secret`, secret: "s3cret" }];
    await run([{ ...first, port: await freePort() }, second], { carried });
    assert.deepEqual(revealed, [{ secret: "s3cret" }]);
  });

  it("gets nodes ready to leave through another server where the first is gone", async () => {
    const [first, second] = targets();
    const node = (name) => ({ name, pool: "edge", removeData: true, drainPolicy: "force", drain: name });
    const lists = { nodes: [], pools: {}, before: { nodes: [node("kiosk-1"), node("kiosk-2")], pools: {} } };
    await prepareRemoval({ v: 1, ...lists, hosts: named([{ ...first, port: await freePort() }, second]), credentials }, context());
    assert.ok(existsSync(join(hosts[1].folder, "asked")));
    assert.equal(revealed[0].left.length, 2);
  });
});
