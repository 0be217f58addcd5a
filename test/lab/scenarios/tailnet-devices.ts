import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type ProbePod, PROBE_TCP_PORT } from "../../../lab/checks/probe-pods";
import { controlOf, operatorLogin } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { API_PORT, ForeignDevice, KUBELET_PORT, type Who, forgetForeign, opens } from "../foreign-device";
import type { LabContext, Scenario } from "../lab-context";
import { expectSuccess, viewDevices } from "../nodes-view";
import { acceptedRoutes, hostsOf } from "../node-network";
import { ShopStack, companyPolicy, isMarked, isOwnTest, linesBut, livePolicy, savePolicy, setPolicyMode } from "../shared-tailnet";

const FOREIGN: readonly (Who & { readonly what: string; readonly flags?: readonly string[]; readonly ownPort: number })[] = [
  { what: "a colleague's laptop", user: "bob@example.org", ownPort: PROBE_TCP_PORT },
  { what: "a machine with another tag", user: "bob@example.org", tags: ["tag:ci"], ownPort: PROBE_TCP_PORT },
  {
    what: "a node of another cluster that also wants pod routes of ours",
    user: operatorLogin,
    tags: ["tag:k3s-shop"],
    flags: ["--advertise-routes=10.52.7.0/24,10.42.200.0/24"],
    ownPort: API_PORT,
  },
];

/** What the cluster lives by; each rule of ours is there for one of them. */
type Way = "agents to servers" | "nodes to pods" | "pods to pods" | "nodes to nodes" | "operators to servers";

const RULES: readonly { readonly way: Way; readonly isRule: (line: string) => boolean }[] = [
  { way: "agents to servers", isRule: ruleOf('["tag:k3s-edge"]', '["tag:k3s-edge"]', "6443") },
  { way: "nodes to pods", isRule: ruleOf('["tag:k3s-edge"]', '["10.42.0.0/16"]', "*") },
  { way: "pods to pods", isRule: ruleOf('["10.42.0.0/16"]', '["10.42.0.0/16"]', "*") },
  { way: "nodes to nodes", isRule: ruleOf('["tag:k3s-edge"]', '["tag:k3s-edge"]', "10250") },
  { way: "operators to servers", isRule: ruleOf('["group:ops"]', '["tag:k3s-edge"]', "6443") },
];

function ruleOf(src: string, dst: string, ip: string): (line: string) => boolean {
  return (line) => isMarked(line, "edge") && line.includes(`"src": ${src}, "dst": ${dst}, "ip": ["${ip}"]`);
}

/** Devices of others in the same tailnet, and the least that lets the cluster live. */
export const tailnetDevices: Scenario = {
  name: "tailnet-devices",
  define: (given) => {
    let context: LabContext;
    let shop: ShopStack;
    let pods: ProbePod[] = [];
    let whole = "";
    const podOn = (node: string) => pods.find((pod) => pod.node === node) ?? assert.fail(`no pod on ${node}`);

    /** The ways that are open now, from rack-2 and the operator to rack-1 and kiosk-1. */
    async function openWays(): Promise<Way[]> {
      const { lab } = context;
      const { tools } = controlOf(lab);
      const [agent, server, far] = [podOn("rack-2"), podOn("rack-1"), podOn("kiosk-1")];
      const dial = (address: string, port: number) => ["dial", "-timeout", "2s", address, String(port)];
      const fromHost = async (address: string, port: number) =>
        (await lab.namespaces.run([tools.probe, ...dial(address, port)], { netns: "rack-2", timeoutMs: 20_000 })).code === 0;
      // kubectl itself needs what is tried here: a pod is looked into from its node.
      const fromPod = async (address: string, port: number) =>
        (await lab.host("rack-2").exec(inPod(agent.podIp, dial(address, port)), { timeoutMs: 20_000 })).trim() === "0";
      const ways: readonly [Way, Promise<boolean>][] = [
        ["agents to servers", fromHost(server.hostIp, API_PORT)],
        ["nodes to pods", fromHost(far.podIp, PROBE_TCP_PORT)],
        ["pods to pods", fromPod(far.podIp, PROBE_TCP_PORT)],
        ["nodes to nodes", fromPod(far.hostIp, KUBELET_PORT)],
        ["operators to servers", opens(lab, lab.operator, server.hostIp, API_PORT)],
      ];
      const open = await Promise.all(ways.map(async ([way, isOpen]) => ((await isOpen) ? [way] : [])));
      return open.flat();
    }

    async function waitWays(what: string, lost: readonly Way[]): Promise<void> {
      const wanted = RULES.map(({ way }) => way).filter((way) => !lost.includes(way));
      await waitUntil(
        what,
        async () => {
          assert.deepEqual(await openWays(), wanted);
          return true;
        },
        { timeoutMs: 30_000, intervalMs: 250 },
      );
    }

    before(async () => {
      context = given();
      await context.ensureEmpty();
      await savePolicy(context.lab, companyPolicy("grants"));
      setPolicyMode(context.stack, "merge");
      shop = await ShopStack.create(context.lab);
      await expectSuccess(shop.up());
      await context.ensureCluster();
      pods = await context.ensureProbePods();
      whole = await livePolicy(context.lab);
      for (const host of hostsOf(context.lab)) await host.copyIn(controlOf(context.lab).tools.probe, "/run/probe", "0755");
    });

    for (const { what, flags, ownPort, ...who } of FOREIGN) {
      it(`keeps ${what} off every node and pod, and nodes and pods off it`, async () => {
        const { lab, kubectl } = context;
        const device = await ForeignDevice.join(lab, who, flags);
        try {
          // It is there, and the tailnet carries what the company's rules allow.
          const meets = () => opens(lab, lab.operator, device.address, ownPort);
          await waitUntil("the operator reaches the device", meets, { timeoutMs: 20_000 });
          assert.deepEqual(await device.reached(pods), []);
          assert.deepEqual(await device.reachedBy(kubectl, pods), []);
          for (const host of hostsOf(lab)) {
            const routes = await acceptedRoutes(host);
            assert.deepEqual([host.name, routes.length, routes.includes("10.42.200.0/24")], [host.name, 2, false]);
          }
          const { devices } = await controlOf(lab).admin.call("listDevices");
          const { enabledRoutes } = devices.find(({ hostname }) => hostname === "foreign") ?? assert.fail("no device of that name");
          assert.deepEqual(enabledRoutes, flags === undefined ? [] : ["10.52.7.0/24"]);
        } finally {
          await device.leave();
        }
      });
    }

    it("does not let in a device whose user gives it the cluster's tag, or the tag that owns it", async () => {
      const { lab } = context;
      for (const tag of ["tag:k3s-edge", "tag:k3s-admin"]) {
        for (const user of ["bob@example.org", operatorLogin]) {
          const joined = await ForeignDevice.join(lab, { user }, [`--advertise-tags=${tag}`]).catch((error: unknown) => String(error));
          if (typeof joined !== "string") {
            // The operator reaches the API server from any device of hers, and nothing else.
            const allowed = user === operatorLogin ? ["rack-1:6443"] : [];
            assert.deepEqual([user, tag, await joined.reached(pods)], [user, tag, allowed]);
            await joined.leave();
          }
          assert.ok(!(await viewDevices(lab)).has("foreign"), `${user} has made a ${tag} device`);
          await forgetForeign(lab);
        }
      }
    });

    it("would let such a device in where people own the tag", async () => {
      const { lab } = context;
      const owned = (line: string): string =>
        line.replace('"tag:k3s-edge": ["tag:k3s-admin"]', '"tag:k3s-edge": ["tag:k3s-admin", "group:dev"]');
      await savePolicy(lab, whole.split("\n").map(owned).join("\n"));
      try {
        const device = await ForeignDevice.join(lab, { user: "bob@example.org" }, ["--advertise-tags=tag:k3s-edge"]);
        await waitUntil("the device is in", async () => (await device.reached(pods)).length > 0, { timeoutMs: 20_000 });
        await device.leave();
      } finally {
        await forgetForeign(lab);
        await savePolicy(lab, whole);
      }
    });

    it("has every way open, and keeps SSH between nodes shut", async () => {
      await waitWays("every way is open", []);
      const { lab } = context;
      const argv = [controlOf(lab).tools.probe, "dial", "-timeout", "2s", podOn("rack-1").hostIp, "22"];
      assert.notEqual((await lab.namespaces.run(argv, { netns: "rack-2" })).code, 0);
    });

    for (const { way, isRule } of RULES) {
      it(`needs its rule for ${way}: without it that way is shut, and no other`, async () => {
        const { lab } = context;
        assert.equal(whole.split("\n").filter(isRule).length, 1);
        if (way !== "pods to pods")
          await assert.rejects(savePolicy(lab, linesBut(whole, isRule)), /test\(s\) failed/, "our tests let the rule go");
        await savePolicy(
          lab,
          linesBut(whole, (line) => isRule(line) || isOwnTest(line)),
        );
        try {
          // Without a rule to pods the control server hands out no pod route, and pods have no way either.
          await waitWays(`${way} is shut`, way === "nodes to pods" ? ["nodes to pods", "pods to pods"] : [way]);
        } finally {
          await savePolicy(lab, whole);
        }
        await waitWays("every way is open again", []);
      });
    }

    it("needs the approval of its pod routes: without it a node's route that comes is not served", async () => {
      const { lab } = context;
      const { admin } = controlOf(lab);
      const isApproval = (line: string): boolean => isMarked(line, "edge") && line.includes('"10.42.0.0/16": ["tag:k3s-edge"]');
      const { id } = (await viewDevices(lab)).get("kiosk-1") ?? assert.fail("kiosk-1 has no device");
      await savePolicy(lab, linesBut(whole, isApproval));
      try {
        // As for a node that comes now: what was approved once stays so.
        await admin.call("setRoutes", { id, routes: [] });
        await waitWays("kiosk-1's pods are away", ["nodes to pods", "pods to pods"]);
      } finally {
        await savePolicy(lab, whole);
      }
      await waitWays("kiosk-1's route is approved again", []);
    });

    it("needs the owner of its tag: without it the policy is none", async () => {
      const isOwner = (line: string): boolean => isMarked(line, "edge") && line.includes('"tag:k3s-edge": ["tag:k3s-admin"]');
      await assert.rejects(savePolicy(context.lab, linesBut(whole, isOwner)), /tag/);
      assert.equal(await livePolicy(context.lab), whole);
    });

    after(async () => {
      await forgetForeign(context.lab);
      for (const host of hostsOf(context.lab)) await host.exec("rm -f /run/probe");
      await context.ensureEmpty();
      await shop.destroy();
      await savePolicy(context.lab, context.before.policy);
      setPolicyMode(context.stack, "own");
    });
  },
};

/** A command line that runs the probe in the network of the pod that has this address, and prints its code. */
function inPod(podIp: string, argv: readonly string[]): string {
  return `for net in /run/netns/*; do
    nsenter --net="$net" ip -o -4 address show dev eth0 2>/dev/null | grep -qF ' ${podIp}/' || continue
    code=0; nsenter --net="$net" /run/probe ${argv.join(" ")} >/dev/null 2>&1 || code=$?; echo "$code"; exit 0
  done; echo "no pod ${podIp}"`;
}
