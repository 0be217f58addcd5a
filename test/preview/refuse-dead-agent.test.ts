import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { refuseDeadAgent } from "../../src/preview/refuse-dead-agent";
import { newSshKey } from "../helpers/ssh-key.cjs";

interface TestAgent {
  readonly socket: string;
  readonly stop: () => Promise<void>;
}

describe("the operator's SSH agent", () => {
  const said = (socket?: string) =>
    refuseDeadAgent({ sshAgent: true }, socket).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );

  it("is not asked where the stack has a key, whatever SSH_AUTH_SOCK says", async () => {
    await refuseDeadAgent({ sshAgent: false }, "/nonexistent/agent");
  });

  it("is told to be missing, stale or without keys before anything is made, with the remedy", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "hybrid-k3s-agent-"));
    t.after(() => rm(folder, { recursive: true }));
    assert.match(
      await said(""),
      /hybrid-k3s:access\.sshAgent is true, .*SSH_AUTH_SOCK is not set\); nothing was made\. Start one .*ssh-add/,
    );
    assert.match(await said(join(folder, "gone")), /gone does not answer: Failed to connect to agent/);
    // What is left of an agent that ended: a socket on which nobody listens.
    const stale = join(folder, "stale");
    const listen = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
    assert.equal(spawnSync(process.execPath, ["-e", listen, stale]).signal, "SIGKILL");
    assert.match(await said(stale), /stale does not answer: Failed to connect to agent/);
  });

  it("passes where it holds a key", async (t) => {
    // As text: the type checker would follow it into a module of another kind.
    const agents = "../operator-tools/support/agent.mjs";
    const { startAgent } = (await import(agents)) as { readonly startAgent: (key: string) => Promise<TestAgent> };
    const agent = await startAgent(newSshKey().privateKey);
    t.after(() => agent.stop());
    assert.equal(await said(agent.socket), "");
  });
});
