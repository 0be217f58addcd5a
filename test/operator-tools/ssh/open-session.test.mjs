import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, it } from "node:test";
import ssh2 from "ssh2";
import { usableKey } from "../../../src/operator-tools/ssh/ssh-key.mjs";
import { openSession } from "../../../src/operator-tools/ssh/open-session.mjs";
import { startAgent } from "../support/agent.mjs";
import { errorOf } from "../support/recorder.mjs";
import { freePort, newKey, startBlackHole, startHost } from "../support/ssh-host.mjs";

const LIMITS = { connectMs: 3000 };

describe("openSession", () => {
  const operator = newKey();
  let host, bastion, blackHole;

  before(async () => {
    host = await startHost({ accepts: [operator.publicKey] });
    bastion = await startHost({ accepts: [operator.publicKey] });
    blackHole = await startBlackHole();
  });
  after(() => Promise.all([host.stop(), bastion.stop(), blackHole.stop()]));

  const open = (target, credentials = { privateKey: operator.privateKey, bastionPrivateKey: operator.privateKey }) =>
    openSession({ name: "rack-1", ...target }, credentials, LIMITS);

  it("runs a script given on stdin, as the configured user and through sudo", async () => {
    const session = await open({ host: host.target() });
    const reply = await session.runAsRoot("hello", 'echo "result $1"; echo progress >&2; exit 3\n', { limitMs: 5000 });
    session.close();
    assert.deepEqual(reply, { code: 3, signal: undefined, stdout: "result hello\n", stderr: "progress\n" });
    assert.deepEqual(host.seen.commands.slice(-2), ["sudo -n true", "sudo -n timeout -k 10 7 sh -s -- hello"]);
  });

  it("runs it without sudo where root logs in", async () => {
    const session = await open({ host: host.target("root") });
    await session.runAsRoot("hello", "exit 0\n", { limitMs: 5000 });
    session.close();
    assert.deepEqual(host.seen.commands.slice(-1), ["timeout -k 10 7 sh -s -- hello"]);
  });

  it("reaches a host through its bastion, each leg with its own host key and private key", async (t) => {
    const jumper = newKey();
    const gate = await startHost({ accepts: [jumper.publicKey] });
    t.after(() => gate.stop());
    const session = await open(
      { host: host.target(), bastion: gate.target("jump") },
      { privateKey: operator.privateKey, bastionPrivateKey: jumper.privateKey },
    );
    const reply = await session.run("echo through", { limitMs: 5000 });
    session.close();
    assert.equal(reply.stdout, "through\n");
    assert.deepEqual(gate.seen.forwards, [`127.0.0.1:${host.port}`]);
    assert.deepEqual(gate.seen.commands, []);
  });

  it("logs in to both legs by the operator's agent", async (t) => {
    const agent = await startAgent(operator.privateKey);
    t.after(() => agent.stop());
    const session = await open({ host: host.target(), bastion: bastion.target("jump") }, { agentSocket: agent.socket });
    const reply = await session.run("echo by agent", { limitMs: 5000 });
    session.close();
    assert.equal(reply.stdout, "by agent\n");

    const other = await startAgent(newKey().privateKey);
    t.after(() => other.stop());
    const fault = await errorOf(open({ host: host.target() }, { agentSocket: other.socket }));
    assert.deepEqual([fault.kind, fault.message.includes("with the keys of the SSH agent")], ["auth", true]);
  });

  it("reads RSA and EC keys in the PKCS#8 form too", async (t) => {
    for (const [type, options] of [
      ["rsa", { modulusLength: 2048 }],
      ["ec", { namedCurve: "P-256" }],
    ]) {
      const { privateKey } = generateKeyPairSync(type, {
        ...options,
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
        publicKeyEncoding: { type: "spki", format: "pem" },
      });
      const publicKey = ssh2.utils.parseKey(usableKey(privateKey, {}));
      const strict = await startHost({ accepts: [`${publicKey.type} ${publicKey.getPublicSSH().toString("base64")}`] });
      t.after(() => strict.stop());
      const session = await open({ host: strict.target() }, { privateKey });
      session.close();
      assert.deepEqual(strict.seen.logins, ["ops"]);
    }
  });

  it("streams progress line by line", async () => {
    const lines = [];
    const session = await open({ host: host.target() });
    await session.run("echo one >&2; echo two >&2", { limitMs: 5000, onLine: (line) => lines.push(line) });
    session.close();
    assert.deepEqual(lines, ["one", "two"]);
  });

  it("passes a megabyte of input whole", async () => {
    const session = await open({ host: host.target() });
    const reply = await session.run("cat | while IFS= read -r line; do last=$line; done; echo ok", {
      input: `${"x".repeat(999)}\n`.repeat(1000),
      limitMs: 9000,
    });
    session.close();
    assert.equal(reply.stdout, "ok\n");
  });

  it("tells a port on which nothing listens", async () => {
    const port = await freePort();
    const fault = await errorOf(open({ host: { ...host.target(), port } }));
    assert.equal(fault.kind, "refused");
    assert.equal(fault.gone, true);
    assert.equal(
      fault.message,
      `rack-1 (ops@127.0.0.1:${port}) refuses the connection: nothing listens on that port; check that it is up, that sshd runs on it, and the port in the config`,
    );
  });

  it("gives up on a host that takes the connection and says nothing, within the limit", async () => {
    const began = performance.now();
    const fault = await errorOf(open({ host: { ...host.target(), port: blackHole.port } }));
    assert.equal(fault.kind, "timeout");
    assert.match(fault.message, /did not answer within 3 s \(waiting for the SSH greeting\); check that it is switched on/);
    assert.ok(performance.now() - began < 10_000);
  });

  it("tells a name that cannot be resolved", async () => {
    const fault = await errorOf(open({ host: { ...host.target(), address: "rack-1.invalid" } }));
    assert.equal(fault.kind, "name");
    assert.match(fault.message, /rack-1\.invalid:\d+\) has a name that cannot be resolved \((ENOTFOUND|EAI_AGAIN)\); check the address/);
  });

  it("refuses another host key and shows both fingerprints", async () => {
    const other = newKey();
    const logins = host.seen.logins.length;
    const fault = await errorOf(open({ host: { ...host.target(), hostKey: other.publicKey } }));
    assert.equal(fault.kind, "hostkey");
    assert.equal(fault.gone, true);
    const prints = fault.message.match(/ssh-ed25519 SHA256:[A-Za-z0-9+/]{43}/g);
    assert.equal(prints.length, 2);
    assert.notEqual(prints[0], prints[1]);
    assert.equal(host.seen.logins.length, logins);
  });

  it("refuses a pinned key of a type that the host does not have, and one that is no key at all", async () => {
    for (const hostKey of ["ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAAB", "garbage"]) {
      const fault = await errorOf(open({ host: { ...host.target(), hostKey } }));
      assert.equal(fault.kind, "hostkey");
      assert.match(fault.message, /seen ssh-ed25519 SHA256:/);
    }
  });

  it("tells a login that is refused from a host that is off", async () => {
    const fault = await errorOf(open({ host: host.target() }, { privateKey: newKey().privateKey }));
    assert.equal(fault.kind, "auth");
    assert.equal(fault.gone, false);
    assert.match(fault.message, /refuses the login of ops with the given private key; put the public key into ops's authorized_keys there/);
  });

  it("tells missing, unreadable and protected keys before it connects", async () => {
    const before = host.seen.connections;
    const locked = ssh2.utils.generateKeyPairSync("ed25519", { passphrase: "x", cipher: "aes256-ctr", rounds: 1 }).private;
    const faults = [
      await errorOf(open({ host: host.target() }, {})),
      await errorOf(open({ host: host.target() }, { agentSocket: "/nonexistent/agent" })),
      await errorOf(open({ host: host.target() }, { privateKey: "not a key" })),
      await errorOf(open({ host: host.target() }, { privateKey: operator.publicKey })),
      await errorOf(open({ host: host.target() }, { privateKey: locked })),
    ];
    assert.deepEqual(
      faults.map(({ kind }) => kind),
      Array(5).fill("credentials"),
    );
    assert.match(faults[0].message, /neither a private key nor an SSH agent/);
    assert.match(faults[3].message, /is a public key/);
    assert.match(faults[4].message, /is protected by a passphrase; give a private key without passphrase/);
    assert.equal(host.seen.connections, before);
  });

  it("tells a user who may not become root, with what sudo said", async (t) => {
    const grant = "give it: echo 'ops ALL=(ALL) NOPASSWD: ALL'";
    for (const [sudo, seen, remedy] of [
      ["asks", "sudo: a password is required", grant],
      ["missing", "sudo is not installed", grant],
      ["tty", "sudo: sorry, you must have a tty to run sudo", "take that demand from this user: echo 'Defaults:ops !requiretty'"],
    ]) {
      const strict = await startHost({ accepts: [operator.publicKey], sudo });
      t.after(() => strict.stop());
      const session = await open({ host: strict.target() });
      const fault = await errorOf(session.runAsRoot("x", "touch did-run\n", { limitMs: 5000 }));
      session.close();
      assert.equal(fault.kind, "sudo");
      assert.ok(fault.message.includes(`(${seen}); ${remedy}`), fault.message);
    }
  });

  it("tells faults of the bastion from faults of the host behind it", async (t) => {
    const away = await freePort();
    const through = (jump, target = host.target()) => errorOf(open({ host: target, bastion: jump }));
    const strict = await startHost({ accepts: [operator.publicKey], forwards: false });
    t.after(() => strict.stop());

    const down = await through({ ...bastion.target("jump"), port: away });
    assert.match(down.message, /^the bastion of rack-1 \(jump@127\.0\.0\.1:\d+\) refuses the connection/);
    assert.equal(down.gone, true);

    const behind = await through(bastion.target("jump"), { ...host.target(), port: away });
    assert.match(behind.message, /^rack-1 \(ops@127\.0\.0\.1:\d+\) refuses the connection/);

    const silent = await through(bastion.target("jump"), { ...host.target(), port: blackHole.port });
    assert.deepEqual([silent.kind, silent.at.name], ["timeout", "rack-1"]);

    const prohibited = await through(strict.target("jump"));
    assert.deepEqual([prohibited.kind, prohibited.gone], ["forward", false]);
    assert.match(prohibited.message, /does not pass connections on to rack-1 .*AllowTcpForwarding/);

    const changed = await through({ ...bastion.target("jump"), hostKey: newKey().publicKey });
    assert.deepEqual([changed.kind, changed.gone], ["hostkey", false], "a bastion's new key says nothing of the host behind it");
  });

  it("tells a connection that breaks while a script runs", async (t) => {
    const weak = await startHost({ accepts: [operator.publicKey] });
    t.after(() => weak.stop());
    const session = await open({ host: weak.target() });
    const fault = await errorOf(
      session.run("echo started >&2; sleep 20", { limitMs: 9000, what: "the script", onLine: () => weak.cutConnections() }),
    );
    assert.equal(fault.kind, "lost");
    assert.match(fault.message, /broke the connection off while the script ran/);
  });

  it("ends a script that takes too long", async () => {
    const session = await open({ host: host.target() });
    const fault = await errorOf(session.run("sleep 20", { limitMs: 300, what: "the script" }));
    session.close();
    assert.equal(fault.kind, "limit");
    assert.match(fault.message, /did not finish the script within 0\.3 s/);
  });
});
