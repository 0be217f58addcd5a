import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import type { K3sMachine } from "./k3s-machine";
import { startK3sPair } from "./k3s-pair";

// What the program relies on in k3s with --flannel-conf, whose backend `extension` offers the node's pods as a route, on the k3s that the lab
// has: the stand-in, or the real one given by LAB_K3S and LAB_INSTALL_K3S. The cases build on each other. The tunnel carries nothing here.
const WAIT = { timeoutMs: 60_000, intervalMs: 500 };
let lab: Lab;
let server: K3sMachine;
let agent: K3sMachine;

const file = "/etc/flannel.json";
const addressFile = "/etc/rancher/k3s/config.yaml.d/10-address.yaml";
const offer = "tailscale set --accept-routes --advertise-routes=$SUBNET";
const conf = (backend: Readonly<Record<string, string>>, network = "10.42.0.0/16") =>
  JSON.stringify({
    Network: network,
    EnableIPv4: true,
    EnableIPv6: false,
    IPv6Network: "::/0",
    Backend: { Type: "extension", PostStartupCommand: offer, ...backend },
  });
const settings = { "flannel-iface": "tailscale0", "flannel-conf": file };

/** As the lab's units have it: its hosts have the older control groups. */
const onLabHost = { "kubelet-arg": ["fail-cgroupv1=false"], "kube-proxy-arg": ["conntrack-max-per-core=0"] };

/** What a server says at its end that starts with this file, or without one. */
async function endWith(text: string | undefined): Promise<string> {
  if (text !== undefined) await server.host.writeFile(file, text, "0600");
  const config = { "node-name": "first", "node-ip": "100.64.0.1", ...settings, ...onLabHost };
  const output = await server.runToItsEnd("server", config, { status: "0" });
  return output.match(/Shutdown request received: .*/g)?.join("\n") ?? output;
}

before(async () => ({ lab, server, agent } = await startK3sPair()));

after(() => lab.down());

describe("k3s with --flannel-conf", () => {
  it("ends with status 0, and says that flannel did, where the file is missing", async () => {
    assert.match(
      await endWith(undefined),
      /flannel exited: failed to create the SubnetManager: failed to read net conf: open \/etc\/flannel\.json: no such file or directory/,
    );
  });

  it("ends so at a file that is no JSON, and at one whose network does not hold the node's", async () => {
    assert.match(
      await endWith(conf({}).replace(/}}$/, "},}")),
      /flannel exited: failed to create the SubnetManager: error parsing subnet config: invalid character '}' looking for beginning of object key string/,
    );
    assert.match(
      await endWith(conf({}, "10.52.0.0/16")),
      /flannel exited: failed to register flannel network: failed to acquire lease: subnet \\+"10\.52\.0\.0\/16\\+" specified in the flannel net config doesn't contain \\+"10\.42\.0\.0\/24\\+" PodCIDR of the \\+"first\\+" node/,
    );
  });

  it("ends so at a backend that nobody knows, and at a command that fails, with the command's own words", async () => {
    assert.match(
      await endWith(conf({ Type: "tailscale" })),
      /flannel exited: failed to create the flannel backend: unknown backend type: tailscale/,
    );
    assert.match(
      await endWith(conf({ PostStartupCommand: "tailscale up $SUBNET" })),
      /flannel exited: failed to register flannel network: failed to run command: tailscale up \$SUBNET Err: exit status 1 Output: backend error: invalid key/,
    );
  });

  it("offers the node's pods as a route, by the command alone, and gives pods the tunnel's whole MTU", async () => {
    await server.setVpn("Running");
    await server.host.exec("rm -rf /var/lib/rancher/k3s /etc/rancher/node");
    await server.host.writeFile(file, conf({ ShutdownCommand: "tailscale down" }), "0600");
    await server.writeConfig({ "node-name": "first", ...settings });
    await server.host.writeFile(addressFile, "node-ip: 100.64.0.1\nadvertise-address: 100.64.0.1\n", "0600");
    await server.install("server");
    await server.waitReady("first");
    await waitUntil("the route is offered", async () => (await server.vpnCalls()).join() !== "", WAIT);
    assert.deepEqual(await server.vpnCalls(), ["set --accept-routes --advertise-routes=10.42.0.0/24"]);
    assert.equal(await server.kubectl("get node first -o jsonpath='{.status.addresses[?(@.type==\"InternalIP\")].address}'"), "100.64.0.1");
    assert.equal(await server.kubectl("get endpointslices kubernetes -o jsonpath='{.endpoints[*].addresses[*]}'"), "100.64.0.1");
    await server.runPod("on-first", "first");
    assert.equal(await server.kubectl("exec on-first -- /probe mtu eth0"), "1280\n");
    assert.equal(await server.host.exec("ip -o link show type vxlan"), "");
  });

  it("tells other nodes of its backend and its tailnet address", async () => {
    const annotations = JSON.parse(await server.kubectl("get node first -o jsonpath='{.metadata.annotations}'")) as Record<string, string>;
    const { "flannel.alpha.coreos.com/backend-type": type, "flannel.alpha.coreos.com/public-ip": address } = annotations;
    assert.deepEqual([type, address], ["extension", "100.64.0.1"]);
  });

  it("leaves the tailnet alone when it stops, whatever the file says, and offers the route again when it starts", async () => {
    await server.setVpn("Running");
    await server.host.exec("systemctl stop k3s", { timeoutMs: 120_000 });
    assert.deepEqual(await server.vpnCalls(), [""]);
    await server.host.exec("systemctl start k3s", { timeoutMs: 120_000 });
    await waitUntil("the route is offered again", async () => (await server.vpnCalls()).join() !== "", WAIT);
    assert.deepEqual(await server.vpnCalls(), ["set --accept-routes --advertise-routes=10.42.0.0/24"]);
    assert.equal(await server.kubectl("get pod on-first -o jsonpath='{.status.containerStatuses[0].restartCount}'"), "0");
  });

  it("does the same on an agent, which keeps its pods when it comes from k3s's VPN flag and goes back to it", async () => {
    const token = await server.host.readFile("/var/lib/rancher/k3s/server/node-token");
    await agent.host.writeFile("/etc/agent-token", token, "0600");
    await agent.host.writeFile(agent.vpnAuthFile, "name=tailscale,joinKey=dead", "0600");
    await agent.host.writeFile(file, conf({}), "0600");
    const joining = { "node-name": "second", server: "https://100.64.0.1:6443", "token-file": "/etc/agent-token" };
    const byFlag = { ...joining, "vpn-auth-file": agent.vpnAuthFile };
    const pod = () => server.kubectl("get pod on-second -o jsonpath='{.status.podIP} {.status.containerStatuses[0].containerID}'");
    await agent.writeConfig(byFlag);
    await agent.install("agent");
    await server.waitReady("second");
    await server.runPod("on-second", "second");
    const before = await pod();
    for (const [config, command] of [
      [{ ...joining, ...settings, "node-ip": "100.64.0.3" }, "set --accept-routes --advertise-routes=10.42.1.0/24"],
      [byFlag, "set --accept-routes --advertise-routes=10.42.1.0/24,192.0.2.0/24"],
    ] as const) {
      await agent.setVpn("Running");
      await agent.writeConfig(config);
      await agent.install("agent", "INSTALL_K3S_FORCE_RESTART=true");
      await waitUntil(`the agent says ${command}`, async () => (await agent.vpnCalls()).includes(command), WAIT);
      assert.ok(!(await agent.vpnCalls()).some((call) => /^(up|down)/.test(call)), "no login and no end of one");
      await server.waitReady("second");
      assert.equal(await pod(), before);
      await waitUntil("the pod is reached", async () => (await server.kubectl("exec on-second -- /probe mtu eth0")) === "1280\n", WAIT);
    }
  });
});
