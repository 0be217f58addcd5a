import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { checkHost } from "../../../src/operator-tools/host/check-host.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { scriptFolder } from "../support/scripts.mjs";
import { freePort, newKey, startBlackHole, startHost } from "../support/ssh-host.mjs";
import { startTailnet } from "../support/tailnet-server.mjs";

const LIMITS = { connectMs: 3000, scriptMs: 6000, nameMs: 100 };

describe("preflight", () => {
  const operator = newKey();
  let host, out;

  before(async () => (host = await startHost({ accepts: [operator.publicKey] })));
  after(() => host.stop());
  beforeEach(() => (out = recordOutput()));

  const input = (more = {}) => ({
    v: 1,
    node: "rack-1",
    host: host.target(),
    credentials: { privateKey: operator.privateKey },
    environment: { ROLE: "agent" },
    ...more,
  });
  let revealed;
  const check = (script, more) =>
    checkHost(input(more), {
      ...{ env: {}, out, limits: LIMITS, now: () => 1764000000 },
      scripts: scriptFolder({ "preflight-host": script }),
      reveal: (result) => (revealed = result),
    });

  it("gives the script its settings and the operator's clock", async () => {
    await check('[ "$NOW_EPOCH $ROLE ${EXPECT_OURS-unset}" = "1764000000 agent unset" ]\n');
    assert.deepEqual([revealed, out.written], [{ host: "ok" }, { stdout: "", stderr: "" }]);
  });

  it("wants this node's marker on a living host that answers by another key than at the last look", async () => {
    const before = { hostKey: newKey().publicKey };
    const asked = '[ "${EXPECT_OURS-}" = yes ] || exit 0\necho "- this is another machine; look" >&2\nexit 1\n';
    await check(asked, { hostKey: before.hostKey, before });
    const error = await errorOf(check(asked, { hostKey: host.target().hostKey, before }));
    assert.match(error.message, /^rack-1 \(ops@.*\) cannot stay a node; nothing was changed on it:\n- this is another machine; look$/);
  });

  it("tells the script what the cluster's devices are called, and refuses a name that another machine answers to", async (t) => {
    const tag = "tag:k3s-edge";
    const device = (nodeId, hostname, tags, connectedToControl) => ({
      nodeId,
      hostname,
      tags,
      connectedToControl,
      addresses: ["100.64.0.9"],
    });
    const devices = [device("n1", "rack-2", [tag], true), device("n2", "rack-1", [tag], true), device("n3", "rack-1", ["tag:other"], true)];
    const tailnet = await startTailnet({ devices });
    t.after(() => tailnet.stop());
    const more = { tailnet: { ...tailnet.access(), tag } };
    const error = await errorOf(check('[ "$OTHER_NODE_NAMES" = rack-2 ]\n', more));
    assert.match(
      error.message,
      /\n- another machine, 100\.64\.0\.9 in the tailnet, is this cluster's rack-1 already; give this host another name/,
    );
    await check("echo claimed\n", more);
    devices[1].connectedToControl = false;
    await check("true\n", more);
  });

  it("tells all faults of the host in one message", async () => {
    const error = await errorOf(
      check(
        "echo '- port 6443 is taken; stop what listens there' >&2\necho '- SELinux is enforcing; set it to permissive\n  in /etc/selinux/config' >&2\nexit 1\n",
      ),
    );
    assert.equal(
      error.message,
      `rack-1 (ops@127.0.0.1:${host.port}) cannot become a node yet; nothing was changed on it:\n` +
        "- port 6443 is taken; stop what listens there\n- SELinux is enforcing; set it to permissive\n  in /etc/selinux/config",
    );
    assert.equal(out.written.stdout, "");
  });

  it("tells a script that broke off from faults of the host", async () => {
    const error = await errorOf(check("echo 'sh: write error: No space left on device' >&2; exit 2\n"));
    assert.match(error.message, /\n- the checks themselves broke off \(exit code 2, last: sh: write error: No space left on device\)/);
  });

  it("names host and remedy for each way of not getting in", async (t) => {
    const blackHole = await startBlackHole();
    t.after(() => blackHole.stop());
    const asking = await startHost({ accepts: [operator.publicKey], sudo: "asks" });
    t.after(() => asking.stop());
    const messages = [];
    for (const more of [
      { host: { ...host.target(), port: await freePort() } },
      { host: { ...host.target(), port: blackHole.port } },
      { host: { ...host.target(), hostKey: newKey().publicKey } },
      { host: { ...host.target(), address: "rack-1.invalid" } },
      { host: asking.target() },
      { credentials: { privateKey: newKey().privateKey } },
      { credentials: { sshAgent: true } },
      { bastion: { ...host.target("jump"), port: await freePort() } },
    ])
      messages.push((await errorOf(check("exit 0\n", more))).message);
    const seen = [
      /refuses the connection: nothing listens on that port; check that it is up/,
      /did not answer within 3 s .*; check that it is switched on/,
      /shows another host key: expected .* seen .*; if it was re-installed/,
      /cannot be resolved .*; check the address/,
      /become root without a password \(sudo: a password is required\); give it/,
      /refuses the login of ops .*; put the public key/,
      /was not tried: there is neither a private key nor an SSH agent .*; give a private key/,
      /the bastion of rack-1 \(jump@.*refuses the connection/,
    ];
    seen.forEach((pattern, index) => assert.match(messages[index], pattern));
    for (const message of messages)
      assert.match(message, /^rack-1 \(ops@.*\) cannot become a node yet; nothing was changed on it:\n- [^\n]+$/);
  });

  it("masks what is secret in what the script says", async () => {
    const error = await errorOf(check(`echo "- saw ${operator.privateKey.split("\n")[2]}; look" >&2; exit 1\n`));
    assert.match(out.redact(error.message), /\n- saw \[secret\]; look$/);
  });
});
