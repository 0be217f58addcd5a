import assert from "node:assert/strict";
import { it } from "node:test";
import type { K3sMachine } from "./k3s-machine";

// Something else that listens on a port of k3s's, for as long as the case takes.
const occupy = (address: string) =>
  `perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => "${address}", Listen => 1, ReuseAddr => 1) or die; sleep 60' & taken=$!; sleep 0.3; trap "kill $taken" EXIT\n`;

/** The words of a k3s whose unit dies again and again: what is told of it on hosts reads them. */
export function deadStarts(machines: () => { readonly server: K3sMachine; readonly agent: K3sMachine }): void {
  const agentConfig = { "node-name": "second", server: "https://100.64.0.1:6443", token: "x" };

  it("says in one fatal line that the supervisor's port is taken", async () => {
    const output = await machines().server.runToItsEnd("server", { "node-name": "first" }, { before: occupy("0.0.0.0:6443") });
    assert.match(output, /^time="[^"]+" level=fatal msg="Error: preparing server: .*listen tcp .*:6443: bind: address already in use"$/m);
  });

  it("says in an error, and ends with status 0, that the API server's own port is taken", async () => {
    const output = await machines().server.runToItsEnd(
      "server",
      { "node-name": "first" },
      { before: occupy("127.0.0.1:6444"), status: "0" },
    );
    assert.match(
      output,
      /^time="[^"]+" level=error msg="Shutdown request received: \\"apiserver exited: .*listen tcp 127\.0\.0\.1:6444: bind: address already in use\\""$/m,
    );
  });

  it("says in one fatal line that an agent's load balancer has no port", async () => {
    const output = await machines().agent.runToItsEnd("agent", agentConfig, { before: occupy("127.0.0.1:6444") });
    assert.match(output, /^time="[^"]+" level=fatal msg="Error: listen tcp 127\.0\.0\.1:6444: bind: address already in use"$/m);
  });

  it("says in one fatal line that a key of the settings is not known", async () => {
    const output = await machines().agent.runToItsEnd("agent", { ...agentConfig, "no-such-key": true });
    assert.match(output, /^time="[^"]+" level=fatal msg="Error: flag provided but not defined: -no-such-key"$/m);
  });

  it("says in an error, and ends with status 0, that kubelet does not start", async () => {
    const config = { "node-name": "first", "kubelet-arg": ["no-such-flag=1"] };
    const output = await machines().server.runToItsEnd("server", config, { status: "0" });
    assert.match(
      output,
      /^time="[^"]+" level=error msg="Shutdown request received: \\"kubelet exited: failed to parse kubelet flag: unknown flag: --no-such-flag\\""$/m,
    );
    await machines().server.host.exec("rm -rf /var/lib/rancher/k3s /etc/rancher/node");
  });
}
