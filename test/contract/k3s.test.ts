import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import { deadStarts } from "./k3s-dead-starts";
import { certificatesAreRenewed } from "./k3s-certificate-cases";
import { installerCases } from "./k3s-installer-cases";
import type { K3sMachine } from "./k3s-machine";
import { startK3sPair } from "./k3s-pair";
import { agentWaits, policiesWait } from "./k3s-policy-cases";

// What the program relies on in k3s, shown on the one that the lab has: the stand-in, or the real one given by LAB_K3S and
// LAB_INSTALL_K3S. The cases build on each other: one cluster of a server and an agent, installed, used and taken away.
let lab: Lab;
let release: string;
let nextRelease: string | undefined;
let server: K3sMachine;
let agent: K3sMachine;

const WAIT = { timeoutMs: 60_000, intervalMs: 300 };

before(async () => ({ lab, server, agent, release, nextRelease } = await startK3sPair()));

after(() => lab.down());

describe("k3s reads its settings", () => {
  it("and an empty joinKey is fatal", async () => {
    await server.host.writeFile(server.vpnAuthFile, "name=tailscale,joinKey=", "0600");
    assert.match(await server.runToItsEnd("server", { "vpn-auth-file": server.vpnAuthFile }), /VPN Error\. Tailscale requires a JoinKey/);
  });

  it("and a missing vpn-auth-file is waited for", async () => {
    const file = "/tmp/late-vpn-auth";
    const output = await server.runToItsEnd(
      "server",
      { "vpn-auth-file": file },
      { meanwhile: `sleep 1; echo name=tailscale,joinKey= >${file}` },
    );
    assert.match(output, /Tailscale requires a JoinKey/);
  });

  it("and an unknown name of a VPN parameter is fatal", async () => {
    const output = await server.runToItsEnd("server", { "vpn-auth": "name=tailscale,joinKey=a, controlServerURL=b" });
    assert.match(output, /includes an unknown parameter:  controlServerURL/);
  });

  it("and cuts a VPN value at its second =, splits extraArgs at white space, and logs in only where tailscale does not run", async () => {
    await server.setVpn("NeedsLogin");
    const auth =
      "name=tailscale,joinKey=tskey-client-x?ephemeral=false,controlServerURL=https://control.test,extraArgs=--hostname=a  --advertise-tags=tag:a,tag:b";
    await server.host.writeFile(server.vpnAuthFile, `${auth}\n`, "0600");
    assert.match(await server.runToItsEnd("server", { "vpn-auth-file": server.vpnAuthFile }), /invalid key/);
    const up =
      "up --authkey tskey-client-x?ephemeral --timeout=30s --reset --login-server https://control.test --hostname=a --advertise-tags=tag:a,tag:b";
    assert.deepEqual((await server.vpnCalls()).slice(0, 2), ["status --json", up]);
  });

  it("and a key that only servers know is fatal on an agent", async () => {
    const output = await agent.runToItsEnd("agent", { server: "https://100.64.0.1:6443", token: "x", "tls-san": ["a"] });
    assert.match(output, /flag provided but not defined: -tls-san|unknown flag/);
  });
});

describe("a k3s that cannot start", () => deadStarts(() => ({ server, agent })));

describe("k3s's installer", () => installerCases(() => ({ server, release })));

describe("a k3s server", () => {
  const config = {
    debug: true,
    "node-name": "first",
    "vpn-auth-file": "/etc/vpn-auth",
    "node-label": ["color=red"],
    "no-such-key": true,
    "tls-san": ["k3s.example.org"],
  };
  const container = "get pod on-first -o jsonpath='{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}'";
  let before: { start: string; container: string };

  it("starts with an unknown key, which it says it skips, and takes the tailnet's address", async () => {
    await server.setVpn("Running");
    await server.host.writeFile(server.vpnAuthFile, "name=tailscale,joinKey=dead", "0600");
    await server.writeConfig(config);
    await server.install("server");
    assert.equal(await server.kubectl("get --raw /readyz"), "ok");
    await server.waitReady("first");
    await server.waitForJournal("k3s", "no-such-key");
    assert.equal(await server.kubectl(`get node first -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}'`), "100.64.0.1");
  });

  it("calls itself k3s-server", async () => {
    assert.equal(await server.host.exec("ps -o comm= -p $(systemctl show -P MainPID k3s)"), "k3s-server\n");
  });

  policiesWait(() => server);

  it("offers its pods' addresses as a route of the tailnet, a moment after its Node is Ready", async () => {
    const expected = ["status --json", "debug prefs", "set --accept-routes --advertise-routes=10.42.0.0/24,192.0.2.0/24"];
    const said = async () => [...new Set(await server.vpnCalls())];
    await waitUntil("the route is offered", async () => (await said()).length >= expected.length, WAIT);
    assert.deepEqual(await said(), expected);
  });

  it("writes a kubeconfig for root alone, and tokens that name its authority", async () => {
    assert.equal(await server.host.exec("stat -c %a /etc/rancher/k3s/k3s.yaml"), "600\n");
    assert.match(await server.host.readFile("/etc/rancher/k3s/k3s.yaml"), /server: https:\/\/127\.0\.0\.1:6443/);
    const authority = (await server.host.exec("curl -sk https://127.0.0.1:6443/cacerts | sha256sum")).split(" ")[0] ?? "";
    const token = await server.host.readFile("/var/lib/rancher/k3s/server/token");
    assert.match(token, new RegExp(`^K10${authority}::server:.+\n$`));
    // Without an agent token of its own there is only one: whoever gets this file can join as a server.
    assert.equal(await server.host.readFile("/var/lib/rancher/k3s/server/agent-token"), token);
    const names = () =>
      server.host.exec("openssl s_client -connect 127.0.0.1:6443 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName");
    assert.match(await names(), /k3s\.example\.org/);
    // The tailnet's address may come seconds after the Node is Ready.
    await waitUntil("the certificate names the tailnet's address", async () => (await names()).includes("100.64.0.1"), WAIT);
  });

  certificatesAreRenewed(() => server);

  it("is not restarted by the installer when only config.yaml changed", async () => {
    await server.runPod("on-first", "first");
    before = { start: await server.startOf("k3s"), container: await server.kubectl(container) };
    await server.writeConfig({
      ...config,
      "node-label": ["color=blue", "size=big"],
      "node-taint": ["new=true:NoSchedule"],
      "agent-token": "secret",
    });
    assert.match(await server.install("server"), /No change detected so skipping service start/);
    assert.equal(await server.startOf("k3s"), before.start);
  });

  it("keeps its pods and the tailnet over a restart, sets its labels again at each start, and taints only when it registers", async () => {
    await server.setVpn("Running");
    await server.kubectl("label node first color=pink own=kept --overwrite");
    await server.install("server", "INSTALL_K3S_FORCE_RESTART=true");
    assert.notEqual(await server.startOf("k3s"), before.start);
    await waitUntil("the kubelet reports again", async () => (await server.kubectl("logs on-first --tail=1")) === "", {
      timeoutMs: 60_000,
      intervalMs: 500,
    });
    await server.waitReady("first");
    assert.equal(await server.kubectl(container), before.container);
    const marks = () =>
      server.kubectl(
        "get node first -o jsonpath='{.metadata.labels.color} {.metadata.labels.size} {.metadata.labels.own} {.spec.taints[*].key}'",
      );
    await waitUntil("the labels are set", async () => (await marks()) === "blue big kept ", WAIT);
    // flannel has no use for the ShutdownCommand that k3s writes into its net-conf.json (flannel: pkg/backend/extension).
    assert.ok(!(await server.vpnCalls()).some((call) => call.startsWith("down")), "stopping k3s leaves the tailnet alone");
  });

  it("has systemd make the control groups of its pods, whatever their version is", async () => {
    const uid = await server.kubectl("get pod on-first -o jsonpath='{.metadata.uid}'");
    const slice = `kubepods-besteffort-pod${uid.replaceAll("-", "_")}.slice`;
    assert.match(await server.host.exec(`find /sys/fs/cgroup -path '*${slice}*' -name 'cri-containerd-*.scope'`), /\.scope\n/);
  });

  it("is upgraded under its running unit, and is the other release once it is restarted, with the same pods", async (t) => {
    if (nextRelease === undefined) return t.skip("there is one release of a real k3s: LAB_K3S_NEXT gives a second");
    const version = path.basename(nextRelease);
    const { host } = server;
    const start = await server.startOf("k3s");
    assert.match(await server.upgrade("server", nextRelease), /Skipping k3s download and verify/);
    assert.equal((await host.exec("k3s --version")).split(" ")[2], version);
    assert.equal(await server.startOf("k3s"), start);
    await host.exec("systemctl restart k3s", { timeoutMs: 120_000 });
    const kubelet = "get node first -o jsonpath={.status.nodeInfo.kubeletVersion}";
    await waitUntil("the kubelet says so", async () => (await server.kubectl(kubelet)) === version, { timeoutMs: 60_000 });
    await server.waitReady("first");
    assert.equal(await server.kubectl(container), before.container);
  });

  it("gives agents a token of their own where one is set", async () => {
    assert.match(await server.host.readFile("/var/lib/rancher/k3s/server/agent-token"), /^K10[0-9a-f]{64}::node:secret\n$/);
  });
});

describe("a k3s agent", () => {
  it("is ready once it is joined and kubelet has reported again, and labels its Node as the config says", async () => {
    const token = await server.host.readFile("/var/lib/rancher/k3s/server/agent-token");
    await agent.host.writeFile(agent.vpnAuthFile, "name=tailscale,joinKey=dead", "0600");
    await agent.host.writeFile("/etc/agent-token", token, "0600");
    const config = {
      "node-name": "second",
      server: "https://100.64.0.1:6443",
      "token-file": "/etc/agent-token",
      "vpn-auth-file": agent.vpnAuthFile,
      debug: true,
    };
    await agent.writeConfig({ ...config, "node-label": ["color=green"], "node-taint": ["late=true:PreferNoSchedule"] });
    await agentWaits(agent);
    assert.equal(await agent.host.exec("ps -o comm= -p $(systemctl show -P MainPID k3s-agent)"), "k3s-agent\n");
    const marks = '{.metadata.labels.color} {.spec.taints[?(@.key=="late")].effect} {.spec.podCIDR}';
    assert.equal(await server.kubectl(`get node second -o jsonpath='${marks}'`), "green PreferNoSchedule 10.42.1.0/24");
    await server.waitReady("second");
  });

  it("runs pods that kubectl reaches", async () => {
    await server.runPod("on-second", "second");
    assert.equal(await server.kubectl("exec on-second -- /probe mtu eth0"), "1280\n");
    assert.match(
      await server.kubectl("get --raw /api/v1/nodes/second/proxy/metrics/resource"),
      /container_cpu_usage_seconds_total\{[^}]*pod="on-second"/,
    );
  });

  it("is refused under its name with another machine's password, until its Node is deleted", async () => {
    await agent.host.exec(
      "systemctl stop k3s-agent; echo 0123456789abcdef >/etc/rancher/node/password; systemctl start --no-block k3s-agent",
    );
    await agent.waitForJournal("k3s-agent", "Node password rejected");
    assert.equal(await agent.host.exec("systemctl show -P ActiveState k3s-agent"), "activating\n");
    await server.kubectl("delete node second");
    await agent.waitActive("k3s-agent");
  });
});

describe("taking k3s away", () => {
  it("by the killall script ends its pods and withdraws every advertised route, while tailscale stays up", async () => {
    await server.setVpn("Running");
    await server.host.exec("k3s-killall.sh", { timeoutMs: 120_000 });
    assert.deepEqual(await server.vpnCalls(), ["set --advertise-routes="]);
    assert.equal(await server.host.exec("ps -e -o args= | grep -E '^[^ ]*(containerd-shim|/probe)' || true"), "");
    assert.equal(await server.host.exec("ip -o link show type bridge"), "");
    assert.doesNotMatch(await server.host.exec("iptables-save"), /KUBE-|flannel/i);
  });

  for (const role of ["server", "agent"] as const) {
    it(`by the ${role}'s uninstall script leaves the node's password, /run/nri and nothing else`, async () => {
      const machine = role === "server" ? server : agent;
      await machine.host.exec(`/usr/local/bin/k3s-${role === "agent" ? "agent-" : ""}uninstall.sh`, { timeoutMs: 120_000 });
      const places = "/etc/rancher /var/lib/rancher /var/lib/kubelet /var/lib/cni /run/k3s /etc/systemd/system /usr/local/bin";
      const left = await machine.host.exec(
        `find ${places} -not -type d \\( -path '*k3s*' -o -path '*rancher*' -o -path '/var/lib/*' -o -lname k3s \\) 2>/dev/null || true`,
      );
      assert.equal(left, "/etc/rancher/node/password\n");
      // containerd 2's, which no script of k3s's takes away (lab/hosts/snapshot-exceptions.ts).
      assert.equal(await machine.host.exec("find /run/nri -maxdepth 0 -type d"), "/run/nri\n");
      assert.equal(
        await machine.host.exec("grep -c -e ' /run/k3s' -e ' /var/lib/kubelet' -e ' /var/lib/rancher' /proc/mounts || true"),
        "0\n",
      );
    });
  }
});
