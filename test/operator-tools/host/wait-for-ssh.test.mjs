import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { waitUntil } from "../../../lab/hosts/wait-until.ts";
import { waitForSsh } from "../../../src/operator-tools/host/wait-for-ssh.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { freePort, newKey, startBlackHole, startHost } from "../support/ssh-host.mjs";

const until = (holds) => waitUntil("it is so", holds, { timeoutMs: 5000, intervalMs: 20 });
const LIMITS = { connectMs: 3000, waitMs: 6000, pollMs: 50, progressMs: 400 };

describe("wait-for-ssh", () => {
  const operator = newKey();
  let host, out;

  before(async () => (host = await startHost({ accepts: [operator.publicKey] })));
  after(() => host.stop());
  beforeEach(() => (out = recordOutput()));

  const input = (more = {}) => ({
    v: 1,
    node: "edge-burst-0",
    machine: "i-0123456789abcdef0",
    waitSeconds: 300,
    replaceCommand: "pulumi up --replace 'urn:vm'",
    host: host.target(),
    credentials: { privateKey: operator.privateKey },
    ...more,
  });
  const wait = (more) => waitForSsh(input(more), { env: {}, out, limits: LIMITS });

  it("ends once the machine lets the operator in", async () => {
    const before = host.seen.logins.length;
    await wait();
    assert.equal(host.seen.logins.length, before + 1);
  });

  it("waits for a machine that refuses, tells how long it will, and names console and replace line at the end", async () => {
    const port = await freePort();
    const waiting = wait({ host: { ...host.target(), port } });
    const error = await errorOf(waiting);
    assert.match(out.written.stderr, /edge-burst-0: waiting for its machine: 2 s left \(.* refuses the connection/);
    assert.match(
      error.message,
      /edge-burst-0: its machine i-0123456789abcdef0 cannot be used after up to 300 s: .* refuses the connection.*Look at its console.*make the machine again: pulumi up --replace 'urn:vm'$/,
    );
  });

  it("says of a machine without an address that it was stopped, and what to do, without waiting", async () => {
    const error = await errorOf(wait({ host: { ...host.target(), address: "" } }));
    assert.equal(
      error.message,
      "edge-burst-0: its machine i-0123456789abcdef0 has no address that could be tried: it was stopped, or its address was taken away. " +
        "Start it in the cloud and run pulumi up --refresh, or make it again: pulumi up --replace 'urn:vm'",
    );
    assert.equal(out.written.stderr, "");
  });

  it("takes a login that is refused for one that is still coming", async () => {
    const error = await errorOf(wait({ credentials: { privateKey: newKey().privateKey } }));
    assert.match(out.written.stderr, /waiting for its machine/);
    assert.match(error.message, /refuses the login of/);
  });

  describe("of a cloud's image", () => {
    const stage = (state) => host.install("systemctl", `#!/bin/sh\n[ "$*" = "is-active cloud-config.service" ] || exit 9\n${state}\n`);
    before(() => host.install("cloud-init", "#!/bin/sh\nexit 9\n"));
    after(() => stage("echo active"));

    it("waits until the first boot has done with sshd, tells of it, and leaves one that does not end to join", async () => {
      stage("[ -e done ] && echo active || echo activating");
      let isOver = false;
      const waiting = wait().then(() => (isOver = true));
      await until(() =>
        /edge-burst-0: waiting for its machine: \d s left \(its first boot is not done with sshd\)/.test(out.written.stderr),
      );
      assert.equal(isOver, false);
      writeFileSync(join(host.folder, "done"), "");
      await waiting;
      for (const state of ["echo failed; exit 3", "echo activating; exit 3"]) {
        stage(state);
        await wait();
      }
    });

    it("tries again where the machine goes away while it boots", async () => {
      stage("[ -e cut ] && echo active || { touch cut; sleep 5; }");
      const waiting = wait();
      await until(() => existsSync(join(host.folder, "cut")));
      host.cutConnections();
      await waiting;
    });
  });

  it("tells what it waited for when a signal ends it", async () => {
    const hole = await startBlackHole();
    try {
      for (const [signal, code] of [
        ["SIGTERM", 143],
        ["SIGINT", 130],
      ]) {
        const tool = spawn(process.execPath, ["src/operator-tools/wait-for-ssh.mjs", "create"], { env: { PATH: process.env.PATH } });
        let said = "";
        tool.stderr.on("data", (text) => (said += text));
        const ended = once(tool, "close");
        const tried = hole.connections + 1;
        tool.stdin.end(JSON.stringify(input({ host: { ...host.target(), port: hole.port } })));
        await until(() => hole.connections >= tried);
        tool.kill(signal);
        assert.deepEqual(await ended, [code, null]);
        assert.equal(
          said,
          `edge-burst-0: wait-for-ssh create was stopped by ${signal} while it waited for its machine (not tried yet); run the same pulumi command again, every step can be repeated\n`,
        );
      }
    } finally {
      await hole.stop();
    }
  });

  it("does not wait where another key answers, or where the bastion is at fault", async () => {
    const began = performance.now();
    const otherKey = await errorOf(wait({ host: { ...host.target(), hostKey: newKey().publicKey } }));
    assert.match(otherKey.message, /shows another host key/);
    const bastion = await errorOf(wait({ bastion: { ...host.target("jump"), port: await freePort() } }));
    assert.match(bastion.message, /could not be tried: the bastion of edge-burst-0 .*; then run pulumi up again$/);
    assert.ok(performance.now() - began < LIMITS.waitMs, "it waited");
  });

  it("gets through a bastion", async () => {
    await wait({ bastion: host.target("jump") });
    assert.deepEqual(host.seen.forwards.slice(-1), [`127.0.0.1:${host.port}`]);
  });
});
