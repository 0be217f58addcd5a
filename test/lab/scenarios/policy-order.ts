import assert from "node:assert/strict";
import { it } from "node:test";
import { type ProbePod, PROBE_TCP_PORT, execProbe, listProbePods, succeed } from "../../../lab/checks/probe-pods";
import type { LabHost } from "../../../lab/hosts/host";
import { waitUntil } from "../../../lab/hosts/wait-until";
import type { LabContext, Scenario } from "../lab-context";

const WAIT = { timeoutMs: 20_000 };
const BACK = { timeoutMs: 120_000, intervalMs: 500 };
/** From k3s's start after a reboot to the start of its network policy controller. */
const ENFORCED_WITHIN_SECONDS = 15;

// Every pod of the namespace, in whatever order pods and policies come: as a cluster's owner writes it who denies by default.
const denyAll = JSON.stringify({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "default-deny", namespace: "probe" },
  spec: { podSelector: {}, policyTypes: ["Ingress"] },
});

async function denyPods({ kubectl }: LabContext): Promise<() => Promise<void>> {
  await succeed(kubectl, ["apply", "-f", "-"], { input: denyAll });
  return async () => void (await succeed(kubectl, ["-n", "probe", "delete", "networkpolicy", "default-deny", "--ignore-not-found"]));
}

/** The chains that FORWARD jumps to, in order, of the two that decide about pods. */
async function order(host: LabHost): Promise<string[]> {
  const rules = await host.exec("iptables -w 5 -S FORWARD");
  return [...rules.matchAll(/ -j (ts-forward|KUBE-ROUTER-FORWARD)$/gm)].map(([, chain]) => chain ?? "");
}

const RIGHT_ORDER = ["KUBE-ROUTER-FORWARD", "ts-forward"];

async function waitRightOrder(host: LabHost): Promise<void> {
  await waitUntil("network policies stand above tailscale's rules", async () => (await order(host)).join() === RIGHT_ORDER.join(), WAIT);
}

async function reaches({ kubectl }: LabContext, from: ProbePod, to: ProbePod): Promise<boolean> {
  return (await execProbe(kubectl, from, ["dial", "-timeout", "2s", to.podIp, String(PROBE_TCP_PORT)])).code === 0;
}

async function reachesNode({ kubectl }: LabContext, from: ProbePod, to: ProbePod): Promise<boolean> {
  return (await execProbe(kubectl, from, ["dial", "-timeout", "2s", to.hostIp, "10250"])).code === 0;
}

/** From one site to another: rack-1's pod and kiosk-1's, as they are now. */
async function pair({ kubectl }: LabContext): Promise<readonly [ProbePod, ProbePod]> {
  const pods = await listProbePods(kubectl);
  const [from, to] = ["rack-1", "kiosk-1"].map((node) => pods.find((pod) => pod.node === node));
  assert.ok(from && to);
  return [from, to];
}

/** How long after the start of its unit k3s enforced policies; undefined where it does not yet. */
async function secondsUntilEnforced(host: LabHost): Promise<number | undefined> {
  const [began = "", line = ""] = (
    await host.exec(`systemctl show -P ExecMainStartTimestamp --timestamp=unix k3s-agent
      journalctl -q -o short-unix _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID k3s-agent) |
        grep 'Starting network policy controller version' || true`)
  ).split("\n");
  return line === "" ? undefined : Number(line.split(" ")[0]) - Number(began.replace("@", ""));
}

/** Whatever a network policy denies stays denied, whoever restarts. */
export const policyOrder: Scenario = {
  name: "policy-order",
  define: (context) => {
    it("keeps a connection from another site denied after tailscaled was restarted", async () => {
      await context().ensureCluster();
      await context().ensureProbePods();
      const [from, to] = await pair(context());
      const host = context().lab.host("kiosk-1");
      assert.equal(await reaches(context(), from, to), true);
      const allowAgain = await denyPods(context());
      try {
        await waitUntil("the policy holds", async () => !(await reaches(context(), from, to)), WAIT);

        // Without the guard tailscaled's rules come out on top and let everything in: what the guard is for.
        await host.exec("systemctl stop hybrid-k3s-guard; systemctl restart tailscaled");
        await waitUntil("tailscaled has let the denied connection in", () => reaches(context(), from, to), WAIT);
        assert.deepEqual(await order(host), [...RIGHT_ORDER].reverse());
        await host.exec("systemctl start hybrid-k3s-guard");
        await waitRightOrder(host);
        assert.equal(await reaches(context(), from, to), false);

        await host.exec("systemctl restart tailscaled");
        await waitRightOrder(host);
        // The node itself would be let in: the path is there again.
        await waitUntil("the node is reached again", () => reachesNode(context(), from, to), WAIT);
        assert.equal(await reaches(context(), from, to), false);
      } finally {
        await host.exec("systemctl start hybrid-k3s-guard");
        await allowAgain();
      }
      await waitUntil("the connection is allowed again", () => reaches(context(), from, to), WAIT);
    });

    it(`denies again within ${ENFORCED_WITHIN_SECONDS} s of k3s's start after a reboot, with nobody there`, async (t) => {
      const host = context().lab.host("kiosk-1");
      const allowAgain = await denyPods(context());
      try {
        const before = host.leader;
        await host.exec("systemctl reboot --no-block");
        await waitUntil("kiosk-1 reboots", () => host.leader !== undefined && host.leader !== before, BACK);
        let seconds: number | undefined;
        await waitUntil("k3s enforces policies", async () => (seconds = await secondsUntilEnforced(host)) !== undefined, BACK);
        t.diagnostic(`in force ${String(seconds)} s after k3s's start`);
        assert.ok(seconds !== undefined && seconds <= ENFORCED_WITHIN_SECONDS, `policies in force after ${String(seconds)} s`);
        await waitRightOrder(host);
        const [from, to] = await pair(context());
        await waitUntil("the node is reached again", () => reachesNode(context(), from, to), BACK);
        assert.equal(await reaches(context(), from, to), false);
      } finally {
        await allowAgain();
      }
      // Its pod has another address than before the reboot.
      const isBack = async () => reaches(context(), ...(await pair(context())));
      await waitUntil("the connection is allowed again", isBack, BACK);
    });
  },
};
