import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LabTools } from "../../lab/contract";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import { readK3sVersion, ruleFor } from "../../src/catalog/k3s-versions";
import type { K3sMachine } from "./k3s-machine";
import { startK3sPair } from "./k3s-pair";

// What the program relies on in k3s with --flannel-iface and no VPN of k3s's own, on the k3s that the lab has: the stand-in, or the real
// one given by LAB_K3S and LAB_INSTALL_K3S. The cases build on each other. The tunnel carries nothing here: what crosses it is the
// scenario flannel-iface's to show.
const WAIT = { timeoutMs: 60_000, intervalMs: 500 };
let lab: Lab;
let tools: LabTools;
let server: K3sMachine;
let agent: K3sMachine;

const addressFile = "/etc/rancher/k3s/config.yaml.d/10-address.yaml";
const tunnel = (address: string) =>
  `ip tuntap add tailscale0 mode tun; ip link set tailscale0 mtu 1280 up; ip address add ${address}/32 dev tailscale0`;

before(async () => ({ lab, tools, server, agent } = await startK3sPair()));

after(() => lab.down());

const device = async (machine: K3sMachine) => machine.host.exec("ip -d link show flannel.1 2>&1 || true");

describe("k3s with --flannel-iface", () => {
  it("ends where the interface is not there and no node-ip is given", async () => {
    const output = await server.runToItsEnd("server", { "flannel-iface": "tailscale9", "flannel-backend": "vxlan" });
    assert.match(output, /level=fatal msg="Error: interface tailscale9 does not have a correct global unicast ip: /);
  });

  it("ends at a node-ip that is no address", async () => {
    assert.match(
      await server.runToItsEnd("server", { "node-ip": "rack-1" }),
      /invalid node-ip: invalid ip format 'rack-1'|invalid.*rack-1/,
    );
  });

  it("knows the backend on servers only", async () => {
    const config = { server: "https://100.64.0.1:6443", token: "x", "flannel-backend": "vxlan" };
    assert.match(await agent.runToItsEnd("agent", config), /flag provided but not defined: -flannel-backend|unknown flag/);
  });

  it("takes the node's address from a file in config.yaml.d, asks tailscale nothing, and gives pods 50 bytes less", async () => {
    await server.setVpn("Running");
    await server.writeConfig({ "node-name": "first", "flannel-iface": "tailscale0", "flannel-backend": "vxlan" });
    await server.host.writeFile(addressFile, "node-ip: 100.64.0.1\nadvertise-address: 100.64.0.1\n", "0600");
    await server.install("server");
    await server.waitReady("first");
    assert.equal(await server.kubectl("get node first -o jsonpath='{.status.addresses[?(@.type==\"InternalIP\")].address}'"), "100.64.0.1");
    assert.equal(await server.kubectl("get endpointslices kubernetes -o jsonpath='{.endpoints[*].addresses[*]}'"), "100.64.0.1");
    assert.deepEqual(await server.vpnCalls(), [""]);
    await waitUntil(
      "flannel.1 is there, a moment after the unit is active and the Node Ready",
      async () => / mtu 1230 /.test(await device(server)),
      WAIT,
    );
    assert.match(await device(server), /mtu 1230 [\s\S]*vxlan id 1 local 100\.64\.0\.1 dev tailscale0 .*dstport 8472 nolearning/);
    assert.match(await server.host.exec("ip -4 address show dev flannel.1"), /inet 10\.42\.0\.0\/32/);
  });

  it("links the nodes to each other by what their annotations say", async () => {
    const token = await server.host.readFile("/var/lib/rancher/k3s/server/node-token");
    await agent.host.writeFile("/etc/agent-token", token, "0600");
    await agent.writeConfig({
      "node-name": "second",
      server: "https://100.64.0.1:6443",
      "token-file": "/etc/agent-token",
      "flannel-iface": "tailscale0",
    });
    await agent.host.writeFile(addressFile, "node-ip: 100.64.0.3\n", "0600");
    await agent.install("agent");
    await server.waitReady("second");
    const annotations = JSON.parse(await server.kubectl("get node second -o jsonpath='{.metadata.annotations}'")) as Record<string, string>;
    const { VNI, VtepMAC } = JSON.parse(annotations["flannel.alpha.coreos.com/backend-data"] ?? "{}") as Record<string, unknown>;
    assert.deepEqual(
      [annotations["flannel.alpha.coreos.com/backend-type"], annotations["flannel.alpha.coreos.com/public-ip"], VNI],
      ["vxlan", "100.64.0.3", 1],
    );
    await waitUntil(
      "the server is linked to the agent",
      async () => (await server.host.exec("ip route")).includes("flannel.1 onlink"),
      WAIT,
    );
    assert.match(await server.host.exec("ip -4 route show dev flannel.1"), /^10\.42\.1\.0\/24 via 10\.42\.1\.0 onlink/m);
    assert.match(
      await server.host.exec("bridge fdb show dev flannel.1"),
      new RegExp(`^${String(VtepMAC)} dst 100\\.64\\.0\\.3 self permanent`, "m"),
    );
    assert.match(
      await server.host.exec("ip neighbour show dev flannel.1"),
      new RegExp(`^10\\.42\\.1\\.0 lladdr ${String(VtepMAC)} PERMANENT`, "m"),
    );
  });

  it("keeps its device over a restart, and takes another address from the file", async () => {
    const index = () => agent.host.exec("ip -o link show flannel.1 | grep -oE '^[0-9]+:|link/ether [0-9a-f:]+'");
    const before = await index();
    await agent.install("agent", "INSTALL_K3S_FORCE_RESTART=true");
    assert.equal(await index(), before);
    await agent.host.exec("ip address add 100.64.0.4/32 dev tailscale0");
    await agent.host.writeFile(addressFile, "node-ip: 100.64.0.4\n", "0600");
    await agent.install("agent", "INSTALL_K3S_FORCE_RESTART=true");
    const address = () => server.kubectl("get node second -o jsonpath='{.status.addresses[?(@.type==\"InternalIP\")].address}'");
    await waitUntil("the Node has the new address", async () => (await address()) === "100.64.0.4", WAIT);
  });

  it("makes the device again after the tunnel was, where the program takes the release without a word", async (test) => {
    const version = readK3sVersion(tools.k3sVersion);
    const isRefused = version !== undefined && ruleFor(version, "flannel-iface")?.verdict === "refused";
    if (isRefused && !tools.standIns.includes("k3s")) {
      test.skip(`${tools.k3sVersion} does not (k3s-io/k3s#12436)`);
      return;
    }
    await agent.host.exec("ip link delete tailscale0");
    assert.match(await device(agent), /does not exist/);
    await agent.host.exec(`${tunnel("100.64.0.3")}; ip route replace 100.64.0.1 via 10.10.1.11`);
    await waitUntil("flannel.1 is back with its entries", async () => (await agent.host.exec("ip route")).includes("flannel.1 onlink"), {
      ...WAIT,
      timeoutMs: 120_000,
    });
    assert.match(await device(agent), /mtu 1230 [\s\S]*vxlan id 1 local 100\.64\.0\.3 dev tailscale0/);
  });

  it("forgets a node that is deleted", async () => {
    await agent.host.exec("systemctl stop k3s-agent");
    await server.kubectl("delete node second");
    await waitUntil("its route is gone", async () => !(await server.host.exec("ip route")).includes("flannel.1 onlink"), WAIT);
    assert.doesNotMatch(await server.host.exec("bridge fdb show dev flannel.1"), /dst 100\.64\.0\.3/);
  });

  it("leaves no device behind its killall script", async () => {
    for (const machine of [server, agent]) {
      await machine.host.exec("k3s-killall.sh", { timeoutMs: 120_000 });
      assert.equal(await machine.host.exec("ip -o link show type vxlan; ip -o link show type bridge"), "");
    }
  });
});
