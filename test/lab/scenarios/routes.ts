import assert from "node:assert/strict";
import { after, before, it, type TestContext } from "node:test";
import { checkConnectivity, podMtu } from "../../../lab/checks/connectivity";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { listProbePods } from "../../../lab/checks/probe-pods";
import type { StackSettings } from "../../../lab/stack-config";
import { watchChange } from "../change-watch";
import type { LabContext, Scenario } from "../lab-context";
import { assertRoutes, clusterHosts, hostsOf, nodeNetworks, podCidrs, tailnetAddresses, tailnetPrefs } from "../node-network";
import { identities, rebootAll, waitBack } from "../node-restarts";
import { expectSuccess, viewDevices, viewNodes } from "../nodes-view";
import { members } from "../servers-view";
import { livePolicy } from "../shared-tailnet";
import { startsOf } from "../untouched";

/** tailscale0 has 1280 (tailscale.com: net/tstun, DefaultTUNMTU), and nothing is packed a second time. */
const ROUTED_MTU = 1280;
/** The issue's own measure for a change of a living cluster. */
const MOST_SECONDS = 15;

type Integration = "k3s" | "routes";

const setIntegration =
  (integration: Integration) =>
  (settings: StackSettings): void => {
    settings["hybrid-k3s:vpn"].integration = integration;
  };

async function assertAllReachAll({ kubectl }: LabContext): Promise<void> {
  const findings = await checkConnectivity(kubectl, await listProbePods(kubectl), "full");
  assert.ok(findings.length > 0, "there are no pods to look from");
  assert.deepEqual(
    findings.filter(({ fault }) => fault !== undefined),
    [],
  );
}

/** What k3s knows of the VPN on each host: its flag's file, or the address and the way of pods. */
async function assertFiles({ lab }: LabContext, integration: Integration): Promise<void> {
  const files = ["/etc/hybrid-k3s/vpn-auth", "/etc/hybrid-k3s/flannel.json", "/etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml"];
  for (const host of hostsOf(lab)) {
    const there = await Promise.all(files.map(async (file) => (await host.run(["test", "-e", file])).code === 0));
    // A member of etcd is known by its address, with the flag too.
    const hasAddress = integration === "routes" || host.name === "rack-1";
    assert.deepEqual([host.name, ...there], [host.name, integration === "k3s", integration === "routes", hasAddress]);
    const lines = [...(await host.exec("cat /etc/rancher/k3s/config.yaml")).matchAll(/^(vpn-auth-file|flannel-conf|flannel-iface):/gm)];
    assert.deepEqual(
      lines.map(([, key]) => key),
      integration === "k3s" ? ["vpn-auth-file"] : ["flannel-conf", "flannel-iface"],
    );
  }
}

/** What of nodes and tailnet a change of the integration must leave: Nodes, devices, logins, routes, pods, tailscaled's process. */
async function readKept({ lab, kubectl }: LabContext) {
  const nodes = [...(await viewNodes(kubectl))].map(([name, { uid }]) => [name, uid]);
  const hosts = hostsOf(lab).map(async (host) => [host.name, await tailnetAddresses(host), await startsOf(host, "tailscaled")]);
  return {
    nodes: nodes.sort(),
    cidrs: await podCidrs(kubectl),
    devices: [...(await viewDevices(lab))].sort(),
    hosts: await Promise.all(hosts),
    prefs: await Promise.all(hostsOf(lab).map(tailnetPrefs)),
    pods: (await listProbePods(kubectl)).map(({ name, podIp }) => `${name} ${podIp}`).sort(),
    policy: await livePolicy(lab),
  };
}

/** One `up` under a living cluster, with a client that asks the API and a Service all the while. */
async function changeTo(context: LabContext, integration: Integration, test: TestContext): Promise<void> {
  const kept = await readKept(context);
  const starts = () => Promise.all(hostsOf(context.lab).map((host) => startsOf(host, "k3s")));
  const before = await starts();
  const watch = await watchChange(context);
  context.stack.edit(setIntegration(integration));
  const began = Date.now();
  const said = await expectSuccess(context.stack.up());
  const seconds = (Date.now() - began) / 1000;
  const { api, service } = await watch.stop();
  test.diagnostic(`${integration}: up ${seconds} s; API ${JSON.stringify(api)}; Service ${JSON.stringify(service)}`);

  assert.doesNotMatch(said, /replaced|deleted/);
  assert.ok(api.asked > seconds, "the API was asked all the while");
  assert.ok(api.failedSeconds <= MOST_SECONDS, `the API did not answer for ${api.failedSeconds} s`);
  for (const [node, { opened, lost }] of Object.entries(service)) {
    assert.ok(opened > seconds, `${node} asked all the while`);
    assert.ok(lost * 0.2 <= MOST_SECONDS, `${node}: ${lost} questions in vain`);
  }
  await assertFiles(context, integration);
  const now = await starts();
  for (const [i, host] of clusterHosts.entries()) assert.notDeepEqual(now[i], before[i], `k3s of ${host} was restarted`);
  assert.deepEqual(await readKept(context), kept);
  await assertAllReachAll(context);
  await expectSuccess(context.stack.up(["--expect-no-changes"]));
}

/** Pod routes without k3s's VPN flag, and the way from the one to the other under a living cluster. */
export const routes: Scenario = {
  name: "routes",
  define: (context) => {
    before(async () => {
      await context().ensureEmpty();
      context().stack.edit(setIntegration("routes"));
      context().stack.edit(({ "hybrid-k3s:cluster": cluster }) => Reflect.deleteProperty(cluster, "datastore"));
    });

    it("makes Ready nodes at their tailnet addresses, whose pods are routes, without k3s's VPN flag", async () => {
      await context().ensureCluster();
      const { lab, kubectl } = context();
      const expected = await Promise.all(hostsOf(lab).map(async (host) => [host.name, true, [(await tailnetAddresses(host))[0]]]));
      assert.deepEqual(
        (await nodeNetworks(kubectl)).map(({ name, ready, internalIps }) => [name, ready, internalIps]),
        expected.sort(),
      );
      await assertFiles(context(), "routes");
      await assertRoutes(lab, await podCidrs(kubectl));
      assert.deepEqual(await members(kubectl), { "rack-1": "voter" }, "etcd is the default");
      for (const host of hostsOf(lab)) assert.equal(await host.exec("ip -o link show type vxlan"), "", host.name);
    });

    it("lets pods reach pods and nodes over every pair of sites, with packets of exactly the tunnel's MTU", async () => {
      const [pod] = await context().ensureProbePods();
      assert.ok(pod !== undefined);
      assert.equal(await podMtu(context().kubectl, pod), ROUTED_MTU);
      await assertAllReachAll(context());
      await expectSuccess(context().stack.up(["--expect-no-changes"]));
    });

    it("has every node back after all hosts were rebooted", async () => {
      const { lab, kubectl } = context();
      const before = await identities(lab);
      await rebootAll(lab);
      await waitBack(lab, kubectl, before, Date.now());
    });

    it("goes to k3s's own integration in place, in turns, and keeps nodes, devices and pods", async (test) => {
      await changeTo(context(), "k3s", test);
    });

    it("comes back from it in place, in turns, and keeps nodes, devices and pods", async (test) => {
      await changeTo(context(), "routes", test);
    });

    it("leaves hosts and tailnet as they were", async () => {
      await context().ensureEmpty();
      assert.deepEqual(await findLeftovers(context().lab, context().before), []);
    });

    after(async () => {
      await context().ensureEmpty();
      context().stack.edit(setIntegration("k3s"));
      context().stack.edit(({ "hybrid-k3s:cluster": cluster }) => (cluster.datastore = "sqlite"));
    });
  },
};
