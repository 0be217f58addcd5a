import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { checkConnectivity, podMtu } from "../../../lab/checks/connectivity";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { listProbePods } from "../../../lab/checks/probe-pods";
import type { LabHost } from "../../../lab/hosts/host";
import { diffSnapshots, takeSnapshot } from "../../../lab/hosts/snapshot";
import { waitUntil } from "../../../lab/hosts/wait-until";
import type { StackSettings } from "../../../lab/stack-config";
import { expectFailure, expectSuccess } from "../nodes-view";
import { companyPolicy, isMarked, isOwnTest, linesBut, livePolicy, savePolicy, setPolicyMode } from "../shared-tailnet";
import type { LabContext, Scenario } from "../lab-context";
import { acceptedRoutes, clusterHosts, hostsOf, nodeNetworks, tailnetAddresses, tailnetPrefs } from "../node-network";

/** tailscale0 has 1280 (tailscale.com: net/tstun, DefaultTUNMTU), and the headers of vxlan take 50. */
const VXLAN_MTU = 1230;
const WAIT = { timeoutMs: 90_000, intervalMs: 500 };

interface Links {
  readonly routes: readonly string[];
  readonly entries: readonly string[];
  readonly neighbours: readonly string[];
}

/** What a host's flannel.1 knows of other nodes: their pod networks, tailnet addresses and devices. */
async function vxlanLinks(host: LabHost): Promise<Links> {
  const lines = async (command: string, pattern: RegExp) =>
    [...(await host.exec(command)).matchAll(pattern)].map(([, found]) => found ?? "").sort();
  return {
    routes: await lines("ip -4 route show dev flannel.1", /^(10\.42\.\S+) via/gm),
    entries: await lines("bridge fdb show dev flannel.1", / dst (\S+)/g),
    neighbours: await lines("ip -4 neighbour show dev flannel.1", /^(\S+) lladdr \S+ PERMANENT/gm),
  };
}

/** Every host reaches exactly these nodes' pods through its flannel.1. */
async function assertLinked(context: LabContext, names: readonly string[]): Promise<void> {
  const nodes = (await nodeNetworks(context.kubectl)).filter(({ name }) => names.includes(name));
  assert.deepEqual(nodes.map(({ name }) => name).sort(), [...names].sort());
  for (const host of hostsOf(context.lab).filter(({ name }) => names.includes(name))) {
    const others = nodes.filter(({ name }) => name !== host.name);
    assert.deepEqual(
      await vxlanLinks(host),
      {
        routes: others.map(({ podCidr }) => podCidr).sort(),
        entries: others.map(({ internalIps }) => internalIps[0]).sort(),
        neighbours: others.map(({ podCidr }) => podCidr.split("/")[0]).sort(),
      },
      host.name,
    );
  }
}

async function assertAllReachAll({ kubectl }: LabContext): Promise<void> {
  const findings = await checkConnectivity(kubectl, await listProbePods(kubectl), "full");
  assert.ok(findings.length > 0, "there are no pods to look from");
  assert.deepEqual(
    findings.filter(({ fault }) => fault !== undefined),
    [],
  );
}

const overVxlan = (settings: StackSettings): void => {
  settings["hybrid-k3s:vpn"].integration = "flannel-iface";
  // The stand-in for k3s makes flannel.1 again, but calls itself by a release that did not.
  settings["hybrid-k3s:cluster"].allowUntestedK3s = true;
};

const COMPANY = companyPolicy("acls");
/** What vxlan between nodes hangs on: the rule, and the test that holds it. */
const isVxlan = (line: string): boolean => isMarked(line, "edge") && line.includes('"udp"');

/** The second way of using the tailnet: pods cross in vxlan between the nodes, and the tailnet knows no route. The policy is one of others, in acls. */
export const flannelIface: Scenario = {
  name: "flannel-iface",
  define: (context) => {
    let settings: StackSettings;
    let whole = "";

    before(async () => {
      await context().ensureEmpty();
      settings = context().stack.settings();
      await savePolicy(context().lab, COMPANY);
      setPolicyMode(context().stack, "merge");
      context().stack.edit(overVxlan);
    });

    it("previews with what it costs, and with its rule for UDP 8472", async () => {
      const { code, stdout, stderr } = await context().stack.preview();
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout + stderr, /packs packets between nodes twice \(vxlan inside the VPN\): pods get an MTU of 1230/);
      assert.match(stdout, /\+.*"proto": "udp", "src": \["tag:k3s-edge"\], "dst": \["tag:k3s-edge:8472"\]/);
      assert.equal(await livePolicy(context().lab), COMPANY);
    });

    it("makes Ready nodes at their tailnet addresses, linked in vxlan and without a route in the tailnet", async () => {
      await context().ensureCluster();
      const { lab, kubectl } = context();
      const nodes = await nodeNetworks(kubectl);
      const expected = await Promise.all(hostsOf(lab).map(async (host) => [host.name, true, [(await tailnetAddresses(host))[0]]]));
      assert.deepEqual(
        nodes.map(({ name, ready, internalIps }) => [name, ready, internalIps]),
        expected.sort(),
      );
      await assertLinked(context(), clusterHosts);
      for (const host of hostsOf(lab)) {
        assert.deepEqual([(await tailnetPrefs(host))["AdvertiseRoutes"] ?? [], await acceptedRoutes(host)], [[], []], host.name);
        assert.equal((await host.run(["test", "-e", "/etc/hybrid-k3s/vpn-auth"])).code, 1, host.name);
      }
      whole = await livePolicy(lab);
      // Tests alone speak of pods: of those that nobody outside the cluster reaches.
      assert.doesNotMatch(linesBut(whole, isOwnTest), /10\.42\.|autoApprovers/);
    });

    it("lets pods reach pods and nodes over every pair of sites, with their own addresses and packets of exactly the MTU", async () => {
      const [pod] = await context().ensureProbePods();
      assert.ok(pod !== undefined);
      assert.equal(await podMtu(context().kubectl, pod), VXLAN_MTU);
      await assertAllReachAll(context());
    });

    it("changes nothing at a second up", async () => {
      const { code, stdout, stderr } = await context().stack.up(["--expect-no-changes"]);
      assert.equal(code, 0, stdout + stderr);
    });

    it("needs its one rule for UDP 8472, asks for it in mode none, and works again with it in merge", async () => {
      const { lab, stack } = context();
      setPolicyMode(stack, "none");
      await expectSuccess(stack.up());
      assert.equal(await livePolicy(lab), whole);
      await savePolicy(lab, linesBut(whole, isVxlan));
      const [from, to] = hostsOf(lab);
      assert.ok(from !== undefined && to !== undefined);
      const podNetwork = (await nodeNetworks(context().kubectl)).find(({ name }) => name === to.name)?.podCidr.split("/")[0] ?? "";
      const answers = async () =>
        (await from.run(["curl", "-sk", "-o", "/dev/null", "--max-time", "3", `https://${podNetwork}:10250/`])).code === 0;
      await waitUntil("the pod network is cut off", async () => !(await answers()), WAIT);
      const said = await expectFailure(stack.up(["--refresh"]));
      assert.match(said, /vpn\.policy is none, and the tailnet's policy lacks what tag:k3s-edge needs/);
      const asked = said.split("\n").filter((line) => isMarked(line, "edge"));
      assert.ok(asked.length > 0 && asked.every((line) => line.includes('"proto": "udp"')), said);

      setPolicyMode(stack, "merge");
      await expectSuccess(stack.up());
      assert.equal(await livePolicy(lab), whole);
      await waitUntil("the pod network answers again", answers, WAIT);
      await expectSuccess(stack.up(["--expect-no-changes"]));
    });

    it("sends nothing of pods in clear while tailscaled is down, and links all nodes again when it is back", async () => {
      const { lab } = context();
      const host = lab.host("rack-2");
      const elsewhere = (await nodeNetworks(context().kubectl)).find(({ name }) => name === "rack-1")?.podCidr.replace("0/24", "9") ?? "";
      const way = async () => (await host.run(["ip", "route", "get", elsewhere])).stderr;
      assert.equal(await way(), "");
      await host.exec("systemctl stop tailscaled");
      assert.match(await way(), /No route to host|Network is unreachable/);
      await host.exec("systemctl start tailscaled");
      await waitUntil(
        "rack-2 is linked again",
        () =>
          assertLinked(context(), clusterHosts).then(
            () => true,
            () => false,
          ),
        WAIT,
      );
      await waitUntil(
        "pods reach again",
        () =>
          assertAllReachAll(context()).then(
            () => true,
            () => false,
          ),
        WAIT,
      );
    });

    it("refuses the other way under the living cluster, and touches nothing", async () => {
      const { stack } = context();
      stack.edit((edited) => {
        edited["hybrid-k3s:vpn"].integration = "k3s";
      });
      const { code, stdout, stderr } = await stack.up();
      stack.edit(overVxlan);
      assert.notEqual(code, 0, stdout);
      assert.match(stdout + stderr, /stopped before anything was deleted[\s\S]*vpn\.integration/);
      await assertLinked(context(), clusterHosts);
      const { code: after, stdout: output } = await stack.up();
      assert.equal(after, 0, output);
    });

    it("takes one node out of every other one's vxlan, and off its host", async () => {
      const { lab, stack, before } = context();
      stack.removeHost("rack-2");
      const { code, stdout, stderr } = await stack.up();
      assert.equal(code, 0, stdout + stderr);
      await waitUntil(
        "the others have forgotten it",
        () =>
          assertLinked(context(), ["rack-1", "kiosk-1"]).then(
            () => true,
            () => false,
          ),
        WAIT,
      );
      const look = before.hosts.find(({ host }) => host.name === "rack-2");
      assert.ok(look !== undefined);
      assert.deepEqual(diffSnapshots(look.snapshot, await takeSnapshot(lab.host("rack-2"))), []);
    });

    it("leaves hosts and tailnet as they were", async () => {
      const { lab, before } = context();
      for (const name of ["rack-1", "kiosk-1"] as const) {
        const seen = await takeSnapshot(lab.host(name));
        assert.ok(
          [...seen.facts].some((fact) => fact.startsWith("link\tflannel.1:")),
          "what is to be gone is seen while it is there",
        );
        assert.ok(
          [...seen.facts].some((fact) => fact.startsWith("fdb\t")),
          "what is to be gone is seen while it is there",
        );
      }
      await context().ensureEmpty();
      assert.deepEqual(await findLeftovers(lab, { ...before, policy: COMPANY }), []);
    });

    after(async () => {
      const { lab, stack, before } = context();
      await context().ensureEmpty();
      await savePolicy(lab, before.policy);
      stack.edit((edited) => Object.assign(edited, settings));
    });
  },
};
