import assert from "node:assert/strict";
import { it } from "node:test";
import { PROBE_TCP_PORT } from "../../lab/checks/probe-pods";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { K3sMachine } from "./k3s-machine";

// k3s starts its network policy controller only when the Node's Ready condition was reported after it came that far, and an agent is not
// ready before (k3s: pkg/agent/netpol/netpol.go). kubelet repeats itself after 2.5 to 7.5 minutes. These cases end long before.
const WAITING = "Waiting for Ready condition to be updated for network policy controller";
const STARTED = "Starting network policy controller version";
const WAIT = { timeoutMs: 60_000, intervalMs: 300 };
const SOON = { timeoutMs: 10_000, intervalMs: 300 };

const hasPolicies = async ({ host }: K3sMachine) => (await host.exec("iptables -w 5 -S FORWARD")).includes("-j KUBE-ROUTER-FORWARD");

/** What is true of a started server whose Node is Ready. Leaves it with its policies in force. */
export function policiesWait(server: () => K3sMachine): void {
  it("is ready, and enforces no policy, before kubelet has reported again", async () => {
    await expectWaiting(server(), "k3s", () => server().host.exec("systemctl restart k3s", { timeoutMs: 120_000 }));
    assert.equal(await server().host.exec("systemctl show -P ActiveState k3s"), "active\n");
    assert.equal(await hasPolicies(server()), false);
  });

  it("enforces them within seconds of one more report by kubelet's own certificate", async () => {
    await server().beat();
    await waitUntil("the policies are in force", () => hasPolicies(server()), SOON);
    assert.ok((await server().journal("k3s")).includes(STARTED));
    await server().runPod("asking", "first");
    await server().runPod("asked", "first", ["serve", "-tcp", String(PROBE_TCP_PORT)]);
    const address = await server().kubectl("get pod asked -o jsonpath={.status.podIP}");
    const reaches = async () => {
      const dial = `k3s kubectl exec asking -- /probe dial -timeout 2s ${address} ${PROBE_TCP_PORT}`;
      return (await server().host.run(["sh", "-c", dial], { timeoutMs: 30_000 })).code === 0;
    };
    await waitUntil("one pod reaches the other", reaches, WAIT);
    await server().host.exec("k3s kubectl apply -f -", { input: JSON.stringify(denyAll) });
    await waitUntil("a policy that denies everything holds", async () => !(await reaches()), SOON);
    await server().kubectl("delete networkpolicy deny-all");
    await waitUntil("it is reached again", reaches, SOON);
    await server().kubectl("delete pod asking asked");
  });
}

/** Installs and starts an agent that is configured; ends with it active. */
export async function agentWaits(agent: K3sMachine): Promise<void> {
  await agent.install("agent", "INSTALL_K3S_SKIP_START=true");
  const start = () => agent.host.exec("systemctl restart --no-block k3s-agent");
  await start();
  await expectWaiting(agent, "k3s-agent", start);
  assert.equal(await agent.host.exec("systemctl show -P ActiveState k3s-agent"), "activating\n");
  assert.equal(await hasPolicies(agent), false);
  await agent.beat();
  const isActive = async () => (await agent.host.exec("systemctl show -P ActiveState k3s-agent")) === "active\n";
  await waitUntil("the agent is active", isActive, SOON);
  await waitUntil("the policies are in force", () => hasPolicies(agent), SOON);
}

// In a few of its starts the real one is there before kubelet's first report, and does not wait: then it is started once more.
async function expectWaiting(machine: K3sMachine, unit: string, restart: () => Promise<string>): Promise<void> {
  for (let starts = 1; starts <= 4; starts += 1) {
    let journal = "";
    const hasSaid = async () => (journal = await machine.journal(unit)).includes(WAITING) || journal.includes(STARTED);
    await waitUntil(`${unit} waits for kubelet, or goes on`, hasSaid, WAIT);
    if (!journal.includes(STARTED)) return;
    await machine.host.exec("iptables -w 5 -S FORWARD | sed -n 's/^-A/iptables -w 5 -D/p' | grep KUBE-ROUTER | sh");
    await restart();
  }
  assert.fail(`${unit} did not wait for kubelet in any of its starts`);
}

const denyAll = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "deny-all" },
  spec: { podSelector: { matchLabels: { name: "asked" } }, policyTypes: ["Ingress"] },
};
