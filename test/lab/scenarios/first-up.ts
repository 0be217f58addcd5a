import assert from "node:assert/strict";
import { it } from "node:test";
import { checkConnectivity, podMtu } from "../../../lab/checks/connectivity";
import { PROBE_TCP_PORT, execProbe, listProbePods, succeed } from "../../../lab/checks/probe-pods";
import { controlOf } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { clusterName } from "../../../lab/stack-config";
import { assertRoutes, clusterHosts, hostsOf, podCidrs, nodeNetworks, tailnetAddresses } from "../node-network";
import type { Scenario } from "../lab-context";
import { startCapture } from "../packet-capture";
import { noSsh, watchSsh } from "../ssh-watch";

/** Tailscale's interface MTU (tailscale.com: net/tstun, DefaultTUNMTU). */
const TAILNET_MTU = 1280;

/** One `up` on an empty stack makes the cluster that the settings ask for. */
export const firstUp: Scenario = {
  name: "first-up",
  define: (context) => {
    it("previews an empty stack without a connection to any host", async () => {
      const { lab, stack } = context();
      await context().ensureEmpty();
      const ssh = await watchSsh(lab);
      const { code, stdout, stderr } = await stack.preview();
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /\+ \d+ to create/);
      // Each plugin stands where the engine looks for it.
      assert.doesNotMatch(stdout + stderr, /using pulumi-\S+ from \$PATH/);
      assert.deepEqual(await ssh(), noSsh(lab));
    });

    it("makes Ready nodes whose only addresses are the tailnet's", async () => {
      const { lab, kubectl } = context();
      const ssh = await watchSsh(lab);
      await context().ensureCluster();
      const nodes = await nodeNetworks(kubectl);
      const expected = await Promise.all(hostsOf(lab).map(async (host) => [host.name, true, await tailnetAddresses(host)]));
      assert.deepEqual(
        nodes.map(({ name, ready, internalIps }) => [name, ready, internalIps]),
        expected.sort(),
      );
      for (const address of nodes.flatMap(({ internalIps }) => internalIps))
        assert.match(address, /^(100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+|fd7a:115c:a1e0::[0-9a-f:]+)$/);
      // That both ends counted here is what gives their silence in other tests a meaning.
      const { opened, accepted } = await ssh();
      assert.ok(opened > 0 && clusterHosts.every((name) => (accepted[name] ?? 0) > 0), JSON.stringify({ opened, accepted }));
    });

    it("has each node's podCIDR approved in the tailnet, and nothing more, and served to every other node", async () => {
      const { lab, kubectl } = context();
      const cidrs = await podCidrs(kubectl);
      const { devices } = await controlOf(lab).admin.call("listDevices");
      const nodes = devices.filter(({ hostname }) => hostname in cidrs);
      const routes = nodes.map(({ hostname, advertisedRoutes, enabledRoutes }) => [hostname, advertisedRoutes, enabledRoutes]);
      assert.deepEqual(
        routes.sort(),
        Object.entries(cidrs)
          .map(([name, cidr]) => [name, [cidr], [cidr]])
          .sort(),
      );
      await assertRoutes(lab, cidrs);
    });

    it("lets every pod reach every other pod and node, at exactly the MTU and with its own address", async () => {
      const findings = await checkConnectivity(context().kubectl, await context().ensureProbePods(), "full");
      assert.equal(findings.length, 30);
      assert.deepEqual(
        findings.filter(({ fault }) => fault !== undefined),
        [],
      );
    });

    it("gives pods the tailnet's MTU on every node, with no tunnel but the tailnet's", async () => {
      const { lab, kubectl } = context();
      for (const pod of await listProbePods(kubectl)) assert.equal(await podMtu(kubectl, pod), TAILNET_MTU, pod.node);
      for (const host of hostsOf(lab)) {
        const links = await host.exec("ip -details -oneline link");
        assert.match(links, new RegExp(`: tailscale0: .* mtu ${TAILNET_MTU} `), host.name);
        assert.match(links, new RegExp(`: cni0: .* mtu ${TAILNET_MTU} `), host.name);
        const tunnels = links.split("\n").filter((line) => /\b(vxlan|geneve|wireguard|ipip|gre|gretap|sit|tun type tun)\b/.test(line));
        assert.deepEqual(
          tunnels.map((line) => line.split(": ")[1]),
          ["tailscale0"],
        );
      }
    });

    it("hands pod packets to the tailnet as they are, so they are wrapped once", async () => {
      const { lab, kubectl } = context();
      const pods = await listProbePods(kubectl);
      const [from, to] = ["rack-1", "kiosk-1"].map((node) => pods.find((pod) => pod.node === node));
      assert.ok(from && to);
      const tap = { netns: "rack-1", interface: "tailscale0" };
      const capture = await startCapture(lab, tap, `icmp and src ${from.podIp} and dst ${to.podIp}`);
      const { code, stderr } = await execProbe(kubectl, from, ["ping", "-df", "-count", "1", "-size", String(TAILNET_MTU), to.podIp]);
      const packets = await capture.stop();
      assert.equal(code, 0, stderr);
      assert.equal(packets.length, 1);
      // tcpdump tells the length behind the IP header.
      assert.match(packets[0] ?? "", new RegExp(`${from.podIp} > ${to.podIp}: ICMP echo request, .* length ${TAILNET_MTU - 20}$`));
    });

    it("shows the logs of a pod on every node", async () => {
      const { kubectl } = context();
      const pods = await listProbePods(kubectl);
      for (const [i, pod] of pods.entries()) {
        const caller = pods[(i + 1) % pods.length];
        assert.ok(caller);
        // A caller that hangs up without a word is what the probe writes a line about.
        await execProbe(kubectl, caller, ["dial", pod.podIp, String(PROBE_TCP_PORT)]);
        await waitUntil(
          `logs of ${pod.name} on ${pod.node} name their caller ${caller.podIp}`,
          async () => (await succeed(kubectl, ["-n", "probe", "logs", pod.name])).stdout.includes(`${caller.podIp}:`),
          { timeoutMs: 10_000 },
        );
      }
    });

    it("runs a command in a pod on every node", async () => {
      const { kubectl } = context();
      for (const pod of await listProbePods(kubectl)) {
        const { code, stdout, stderr } = await execProbe(kubectl, pod, ["get", "http://127.0.0.1:8080/ip"]);
        assert.deepEqual([pod.node, code, stdout.trim()], [pod.node, 0, "127.0.0.1"], stderr);
      }
    });

    it("gives every node's metrics through the API server", async () => {
      for (const node of clusterHosts) {
        const { stdout } = await succeed(context().kubectl, ["get", "--raw", `/api/v1/nodes/${node}/proxy/metrics/resource`]);
        assert.match(stdout, /^node_memory_working_set_bytes [\d.e+]+/m, node);
      }
    });

    it("tells the nodes, their topology and the API server in its outputs", async () => {
      const { lab, stack } = context();
      const { nodes, topology, apiEndpoint } = await stack.outputs();
      const [rack1, rack2, kiosk1] = await Promise.all(hostsOf(lab).map(async (host) => (await tailnetAddresses(host))[0] ?? ""));
      const common = { provider: "bare-metal", region: "", machine: "" };
      assert.equal(apiEndpoint, rack1);
      // When certificates end is the scenario certificates' own matter.
      for (const row of nodes as object[]) for (const end of ["certificatesEnd", "authoritiesEnd"]) Reflect.deleteProperty(row, end);
      assert.deepEqual(
        (nodes as { name: string; path: string }[]).sort((a, b) => a.name.localeCompare(b.name)),
        [
          {
            ...{ name: "kiosk-1", pool: "edge", ...common, role: "agent", tailnetIp: kiosk1 },
            ...{ ssh: "ops@10.10.2.11:22 via jump@198.18.0.31:22", path: "direct" },
          },
          { name: "rack-1", pool: "rack", ...common, role: "server", tailnetIp: rack1, ssh: "ops@198.18.0.20:2201", path: "self" },
          { name: "rack-2", pool: "metal", ...common, role: "agent", tailnetIp: rack2, ssh: "root@198.18.0.20:2202", path: "direct" },
        ],
      );
      assert.match(String(topology), /^graph LR\n/);
      assert.match(String(topology), new RegExp(`node_rack_1\\["rack-1<br/>server<br/>${rack1}"\\]`));
      for (const agent of ["rack_2", "kiosk_1"]) assert.match(String(topology), new RegExp(`node_rack_1 ---\\|direct\\| node_${agent}\n`));
    });

    it("keeps the kubeconfig a secret, and names its context after the cluster", async () => {
      const { lab, stack, kubectl } = context();
      const shown = await lab.operator.pulumi(["stack", "output", "--json", "--stack", stack.name]);
      assert.equal((JSON.parse(shown.stdout) as { kubeconfig: string }).kubeconfig, "[secret]");
      assert.equal((await succeed(kubectl, ["config", "current-context"])).stdout.trim(), clusterName);
      const { apiEndpoint } = await stack.outputs();
      const { stdout } = await succeed(kubectl, ["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]);
      assert.equal(stdout, `https://${String(apiEndpoint)}:6443`);
    });
  },
};
