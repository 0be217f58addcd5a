import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { waitUntil } from "../../../lab/hosts/wait-until.ts";
import { runScript } from "../../../src/operator-tools/host/run-script.mjs";
import { SessionPool } from "../../../src/operator-tools/ssh/session-pool.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { scriptFolder } from "../support/scripts.mjs";
import { freePort, newKey, startHost } from "../support/ssh-host.mjs";

const LIMITS = { connectMs: 5000, patienceMs: 0 };
const POOL = { idleMs: 100, keepalive: { intervalMs: 300, most: 5 } };
const until = (what, holds) => waitUntil(what, holds, { timeoutMs: 20_000, intervalMs: 20 });

describe("a script on a host", () => {
  const operator = newKey();
  let host, out, sessions, revealed;

  before(async () => (host = await startHost({ accepts: [operator.publicKey] })));
  after(() => host.stop());
  beforeEach(() => ([out, sessions, revealed] = [recordOutput(), new SessionPool(POOL), []]));

  const run = (script, { limits = LIMITS, ...more } = {}) => {
    const input = {
      ...{ v: 1, node: "rack-1", script: "do-it", environment: {}, host: host.target(), limitSeconds: 5 },
      ...{ credentials: { privateKey: operator.privateKey }, ...more },
    };
    const scripts = scriptFolder({ "do-it": script ?? "" });
    return runScript(input, { env: {}, out, limits, scripts, sessions, reveal: (result) => revealed.push(result) });
  };

  it("gets its settings and reveals the last line that it prints, and its progress is told under the node's name", async () => {
    await run('echo "asking" >&2\necho "rack-1: told" >&2\necho noise\nprintf \'{"ip":"%s","hint":"%s"}\\n\' "$IP" "$HINT"\n', {
      environment: { IP: "100.64.0.1" },
      hints: { HINT: "h" },
    });
    assert.deepEqual(
      [revealed, out.written],
      [[{ ip: "100.64.0.1", hint: "h" }], { stdout: "", stderr: "rack-1: asking\nrack-1: told\n" }],
    );
  });

  it("finds its secrets in files that only their owner reads, also without a script, and no word of them is shown", async () => {
    const path = join(host.folder, "secrets", "key");
    const secret = 'tskey-auth-it\'s "quoted" $HOME \\n';
    await run(undefined, { script: undefined, secrets: [{ path, secret }] });
    assert.equal(readFileSync(path, "utf8"), secret);
    assert.deepEqual([statSync(path).mode & 0o777, statSync(join(host.folder, "secrets")).mode & 0o777], [0o600, 0o700]);
    const error = await errorOf(run(`cat '${path}' >&2; echo >&2; exit 1\n`, { secrets: [{ path, secret }] }));
    assert.match(out.redact(error.message), /do-it failed with exit code 1; its last words: \[secret\]$/);
    assert.match(out.written.stderr, /^rack-1: \[secret\]$/m);
    assert.doesNotMatch(host.seen.commands.join("\n"), /tskey/);
    const blocked = await errorOf(run("echo '{}'\n", { secrets: [{ path: join(path, "below"), secret }] }));
    assert.match(blocked.message, /do-it failed with exit code 1; its last words: .*secrets\/key/);
  });

  it("tells its last word of its own where it fails, and one whose shell prints beside it", async () => {
    const own = await errorOf(run("echo 'waiting' >&2\necho 'rack-1: the disk is full; make room' >&2\necho more >&2\nexit 3\n"));
    assert.equal(own.message, "rack-1: the disk is full; make room\nmore (do-it failed with exit code 3)");
    const noisy = await errorOf(run("echo '{}'; echo welcome\n"));
    assert.match(noisy.message, /do-it printed something else than its result: a profile/);
  });

  it("runs on a host whose users' shell greets everybody", async (t) => {
    const chatty = await startHost({ accepts: [operator.publicKey], profile: "echo Welcome to the rack" });
    t.after(() => chatty.stop());
    const path = join(chatty.folder, "token");
    await run(undefined, { script: undefined, secrets: [{ path, secret: "s3cret" }], host: chatty.target() });
    await run(`printf '{"ip":"%s"}' "$(cat token)"\n`, { host: chatty.target() });
    assert.deepEqual(revealed, [{}, { ip: "s3cret" }]);
  });

  it("shares a connection with the other scripts of its host, and the connection is closed when none needs it", async () => {
    const before = host.seen.connections;
    await Promise.all(Array.from({ length: 20 }, (_, index) => run("sleep 0.1; echo '{}'\n", { node: `rack-${index}`, on: "rack-1" })));
    assert.equal(host.seen.connections - before, 3, "eight at once on each");
    assert.ok(host.seen.mostSessions <= 9, `${host.seen.mostSessions} sessions on one connection`);
    await run("echo '{}'\n");
    assert.equal(host.seen.connections - before, 3);
    await until("all are closed", () => host.openConnections === 0);
  });

  it("goes over another connection where the host lets one session share it, or closed it meanwhile", async (t) => {
    const strict = await startHost({ accepts: [operator.publicKey], mostSessions: 1 });
    t.after(() => strict.stop());
    const there = { host: strict.target("root") };
    await Promise.all(Array.from({ length: 3 }, () => run("sleep 0.2; echo '{}'\n", there)));
    assert.equal(revealed.length, 3);
    assert.equal(strict.seen.mostSessions, 1);
    strict.cutConnections();
    await run("echo '{}'\n", there);
    assert.equal(revealed.length, 4);
  });

  it("does again what a broken connection cut off, once", async () => {
    const cut = "[ -e cut-once ] && echo '{\"again\":true}' && exit 0\ntouch cut-once; echo started >&2; sleep 20\n";
    const running = run(cut);
    await until("it started", () => out.written.stderr.includes("started"));
    host.cutConnections();
    await running;
    assert.deepEqual(revealed, [{ again: true }]);
  });

  it("does the same behind a bastion, which keeps its half of the way open where the host hangs up", async (t) => {
    const weak = await startHost({ accepts: [operator.publicKey] });
    t.after(() => weak.stop());
    const cut = "[ -e cut-once ] && echo '{\"again\":true}' && exit 0\ntouch cut-once; echo started >&2; sleep 20\n";
    const running = run(cut, {
      host: weak.target(),
      bastion: host.target("jump"),
      limitSeconds: 60,
      limits: { ...LIMITS, scriptMs: 4000 },
    });
    await until("it started", () => out.written.stderr.includes("started"));
    weak.cutConnections();
    await running;
    assert.deepEqual(revealed, [{ again: true }]);
  });

  it("ends with an error that names a host which falls silent behind its bastion, instead of waiting for ever", async (t) => {
    const weak = await startHost({ accepts: [operator.publicKey] });
    t.after(() => weak.stop());
    const running = errorOf(run("echo started >&2; sleep 60\n", { host: weak.target(), bastion: host.target("jump"), limitSeconds: 60 }));
    await until("it started", () => out.written.stderr.includes("started"));
    weak.fallSilent();
    // A silent machine takes no new connection either.
    weak.stopListening();
    const { message } = await running;
    assert.match(message, /^rack-1: do-it did not end: rack-1 \(ops@127\.0\.0\.1:\d+\) .*; then run pulumi up again$/);
  });

  it("keeps the pool's patience with a silent host over a connection that a link with no such setting opened", async (t) => {
    const weak = await startHost({ accepts: [operator.publicKey] });
    t.after(() => weak.stop());
    const credentials = { privateKey: operator.privateKey, bastionPrivateKey: operator.privateKey };
    const opened = await sessions.lease({ name: "rack-1", host: weak.target() }, credentials, { connectMs: LIMITS.connectMs });
    opened.release();
    const running = errorOf(run("echo started >&2; sleep 60\n", { host: weak.target(), limitSeconds: 4 }));
    await until("it started", () => out.written.stderr.includes("started"));
    assert.equal(weak.seen.connections, 1);
    weak.fallSilent();
    weak.stopListening();
    assert.doesNotMatch((await running).message, /did not finish/);
  });

  it("is bounded in time on a host that goes on answering", async () => {
    const error = await errorOf(run("sleep 20\n", { limits: { ...LIMITS, scriptMs: 300 } }));
    assert.match(error.message, /^rack-1: do-it did not end: rack-1 .* did not finish do-it within 0\.3 s; log in and look what holds it/);
  });

  it("is ended on the host too when it is over its limit, and the scripts that share its connection go on", async (t) => {
    const shared = await startHost({ accepts: [operator.publicKey] });
    t.after(() => shared.stop());
    const there = { host: shared.target() };
    const other = run("echo other >&2; until [ -e go-on ]; do sleep 0.05; done; echo '{}'\n", { ...there, limitSeconds: 30 });
    await until("the other runs", () => out.written.stderr.includes("other"));
    // Of its own it would not end, and it writes nothing to a channel that is closed.
    const late = errorOf(run("sleep 60\nsleep 60\n", { ...there, limits: { ...LIMITS, scriptMs: 300 } }));
    assert.match((await late).message, /did not finish do-it within 0\.3 s/);
    await until("it has ended", () => shared.runningCommands === 1);
    assert.deepEqual([shared.seen.connections, shared.openConnections], [1, 1]);
    writeFileSync(join(shared.folder, "go-on"), "");
    await other;
    assert.deepEqual(revealed, [{}]);
  });

  it("waits for a service that is just coming back, within its patience", async (t) => {
    const port = await freePort();
    const limits = { ...LIMITS, patienceMs: 4000 };
    const running = run("echo '{}'\n", { host: { ...host.target(), port }, limits });
    const late = await startHost({ accepts: [operator.publicKey], key: host.key, port });
    t.after(() => late.stop());
    await running;
    assert.deepEqual(revealed, [{}]);
  });
});
