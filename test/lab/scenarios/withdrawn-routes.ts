import assert from "node:assert/strict";
import { it } from "node:test";
import { type ProbePod, PROBE_TCP_PORT, execProbe } from "../../../lab/checks/probe-pods";
import { adminTag, controlOf } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { acceptedRoutes, assertRoutes, clusterHosts, podCidrs } from "../node-network";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, urnOf, viewDevices } from "../nodes-view";
import { startCapture } from "../packet-capture";

const POD_NETWORK = "10.42.0.0/16";
const WAIT = { timeoutMs: 30_000 };

/** Both agents' routes go: one by the tailnet's administrator, one by its own device. Gives what brings them back. */
async function withdrawAgents({ lab, kubectl }: LabContext): Promise<() => Promise<void>> {
  const cidrs = await podCidrs(kubectl);
  const { admin } = controlOf(lab);
  const { devices } = await admin.call("listDevices");
  const kiosk = devices.find(({ hostname }) => hostname === "kiosk-1");
  assert.ok(kiosk);
  await admin.call("setRoutes", { id: kiosk.id, routes: [] });
  await lab.host("rack-2").exec("tailscale set --advertise-routes=");
  await waitUntil("rack-1 has lost both routes", async () => (await acceptedRoutes(lab.host("rack-1"))).length === 0, WAIT);
  return async () => {
    await admin.call("setRoutes", { id: kiosk.id, routes: [cidrs["kiosk-1"] ?? ""] });
    await lab.host("rack-2").exec(`tailscale set --advertise-routes=${cidrs["rack-2"] ?? ""}`);
    await waitUntil("all hosts have their routes again", () => assertRoutes(lab, cidrs).then(() => true), WAIT);
  };
}

/** One pod tries each of the others by TCP and by ICMP; what came through. */
async function tryAll({ kubectl }: LabContext, from: ProbePod, others: readonly ProbePod[]): Promise<string[]> {
  const tries = others.flatMap(({ podIp }) => [
    ["dial", "-timeout", "1s", podIp, String(PROBE_TCP_PORT)],
    ["ping", "-count", "2", "-timeout", "300ms", podIp],
  ]);
  const results = await Promise.all(tries.map(async (argv) => ({ argv, ...(await execProbe(kubectl, from, argv)) })));
  return results.filter(({ code }) => code === 0).map(({ argv }) => argv.join(" "));
}

/** The routes of a node's device that the tailnet serves. */
async function enabledRoutes({ lab }: LabContext, node: string): Promise<readonly string[]> {
  const { devices } = await controlOf(lab).admin.call("listDevices");
  return devices.find(({ hostname }) => hostname === node)?.enabledRoutes ?? assert.fail(`no device ${node}`);
}

/** What the uplinks of all hosts carry in clear of pods, while `work` is going on. */
async function clearPackets({ lab }: LabContext, work: () => Promise<void>): Promise<string[]> {
  const captures = await Promise.all(clusterHosts.map((netns) => startCapture(lab, { netns, interface: "eth0" }, `net ${POD_NETWORK}`)));
  let packets: string[][] = [];
  try {
    await work();
  } finally {
    packets = await Promise.all(captures.map((capture) => capture.stop()));
  }
  return packets.flat();
}

/** Where the tailnet has no route to a pod, its packets stay at home; a route that the policy does not approve is told, or approved by id. */
export const withdrawnRoutes: Scenario = {
  name: "withdrawn-routes",
  define: (context) => {
    it("lets no pod packet out in clear while the routes to its receivers are withdrawn", async () => {
      await context().ensureCluster();
      const { lab } = context();
      const pods = await context().ensureProbePods();
      const from = pods.find(({ node }) => node === "rack-1");
      assert.ok(from);
      const others = pods.filter((pod) => pod !== from);
      const restore = await withdrawAgents(context());
      try {
        const leaked = await clearPackets(context(), async () => assert.deepEqual(await tryAll(context(), from, others), []));
        assert.deepEqual(leaked, []);

        // The same tries without the route that refuses them are seen: the silence above is that route's doing.
        const rack = lab.host("rack-1");
        await rack.exec(`systemctl stop hybrid-k3s-guard; ip -4 route del unreachable ${POD_NETWORK} metric 4000`);
        const planted = await clearPackets(context(), async () => void (await tryAll(context(), from, others)));
        await rack.exec("systemctl start hybrid-k3s-guard");
        for (const { podIp } of others)
          assert.ok(
            planted.some((line) => line.includes(` ${from.podIp}`) && line.includes(`> ${podIp}`)),
            podIp,
          );
        const route = `ip -4 route show type unreachable ${POD_NETWORK} metric 4000`;
        await waitUntil("the guard has put the route back", async () => (await rack.exec(route)) !== "", WAIT);
      } finally {
        await restore();
      }
      assert.equal((await tryAll(context(), from, others)).length, 4);
    });

    it("names the route that the policy does not approve and the page for it, and approves it by the device's id where the client may", async () => {
      const { lab, stack, kubectl } = context();
      const { admin } = controlOf(lab);
      const { id } = (await viewDevices(lab)).get("kiosk-1") ?? assert.fail("kiosk-1 has no device");
      const cidrs = await podCidrs(kubectl);
      const cidr = cidrs["kiosk-1"] ?? "";
      // Approved once by the policy, and taken back behind its back: the control server approves it again by itself only when the policy changes.
      await admin.call("setRoutes", { id, routes: [] });
      const said = await expectFailure(stack.up(["--replace", await urnOf(stack, "kiosk-1-route")]));
      assert.match(said, new RegExp(`does not approve ${cidr} of kiosk-1, .* lacks the scope devices:routes \\(write\\)`));
      assert.match(said, /Or approve it at https:\/\/login\.tailscale\.com\/admin\/machines \(Edit route settings\)/);
      assert.deepEqual(await enabledRoutes(context(), "kiosk-1"), []);

      const scopes = ["auth_keys", "policy_file", "devices:core", "devices:routes"];
      const client = await admin.call("createClient", { scopes, tags: [adminTag] });
      const env = { TAILSCALE_OAUTH_CLIENT_ID: client.id, TAILSCALE_OAUTH_CLIENT_SECRET: client.secret };
      assert.match(
        await expectSuccess(stack.up([], { env })),
        new RegExp(`kiosk-1: the policy did not approve its route ${cidr} .*approved it by the device's id n0*${id}CNTRL`),
      );
      assert.deepEqual(await enabledRoutes(context(), "kiosk-1"), [cidr]);
      await waitUntil("all hosts have their routes again", () => assertRoutes(lab, cidrs).then(() => true), WAIT);
      await expectSuccess(stack.up(["--expect-no-changes"]));
    });
  },
};
