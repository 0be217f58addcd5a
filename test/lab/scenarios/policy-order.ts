import assert from "node:assert/strict";
import { it } from "node:test";
import { type ProbePod, PROBE_TCP_PORT, execProbe } from "../../../lab/checks/probe-pods";
import type { LabHost } from "../../../lab/hosts/host";
import { waitUntil } from "../../../lab/hosts/wait-until";
import type { LabContext, Scenario } from "../lab-context";

const WAIT = { timeoutMs: 20_000 };

// As kube-router writes it (kube-router: pkg/controllers/netpol), with the one rule that a policy against this pod comes down to. By hand, because
// the stand-in for k3s has no policy controller; tailscaled, its rules and what keeps their order are the real ones.
const JUMP = '-m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD';

async function denyPod(host: LabHost, podIp: string): Promise<() => Promise<void>> {
  await host.exec(`iptables -w 5 -N KUBE-ROUTER-FORWARD
    iptables -w 5 -A KUBE-ROUTER-FORWARD -d ${podIp} -j REJECT
    iptables -w 5 -I FORWARD 1 ${JUMP}`);
  return async () => {
    await host.exec(`iptables -w 5 -D FORWARD ${JUMP}; iptables -w 5 -F KUBE-ROUTER-FORWARD; iptables -w 5 -X KUBE-ROUTER-FORWARD`);
  };
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

/** Whatever a network policy denies stays denied, whoever restarts. */
export const policyOrder: Scenario = {
  name: "policy-order",
  define: (context) => {
    it("keeps a connection from another site denied after tailscaled was restarted", async () => {
      await context().ensureCluster();
      const pods = await context().ensureProbePods();
      const [from, to] = ["rack-1", "kiosk-1"].map((node) => pods.find((pod) => pod.node === node));
      assert.ok(from && to);
      const host = context().lab.host("kiosk-1");
      const allowAgain = await denyPod(host, to.podIp);
      try {
        assert.equal(await reaches(context(), from, to), false);

        // Without the guard tailscaled's rules come out on top and let everything in: what the guard is for.
        await host.exec("systemctl stop hybrid-k3s-guard; systemctl restart tailscaled");
        await waitUntil("tailscaled has let the denied connection in", () => reaches(context(), from, to), WAIT);
        assert.deepEqual(await order(host), [...RIGHT_ORDER].reverse());
        await host.exec("systemctl start hybrid-k3s-guard");
        await waitRightOrder(host);
        assert.equal(await reaches(context(), from, to), false);

        await host.exec("systemctl restart tailscaled");
        await waitRightOrder(host);
        // Another pod of the node's would be let in: the path itself is there again.
        await waitUntil("the node is reached again", () => reachesNode(context(), from, to), WAIT);
        assert.equal(await reaches(context(), from, to), false);
      } finally {
        await host.exec("systemctl start hybrid-k3s-guard");
        await allowAgain();
      }
      await waitUntil("the connection is allowed again", () => reaches(context(), from, to), WAIT);
    });
  },
};

async function reachesNode({ kubectl }: LabContext, from: ProbePod, to: ProbePod): Promise<boolean> {
  return (await execProbe(kubectl, from, ["dial", "-timeout", "2s", to.hostIp, "10250"])).code === 0;
}
