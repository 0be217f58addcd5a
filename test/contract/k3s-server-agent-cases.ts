import assert from "node:assert/strict";
import { it } from "node:test";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Server } from "./k3s-servers";

const LIST = "/var/lib/rancher/k3s/agent/etc/k3s-agent-load-balancer.json";
const SOON = { timeoutMs: 20_000, intervalMs: 500 };

/** How an agent finds another server. Begins with the first and the second as servers and ends with them; the third's host is wiped. */
export function agentsOfServers(servers: () => { readonly first: Server; readonly second: Server; readonly third: Server }): void {
  const list = async (agent: Server) => {
    const { ServerURL, ServerAddresses } = JSON.parse(await agent.host.readFile(LIST)) as { ServerURL: string; ServerAddresses: string[] };
    return { ServerURL, ServerAddresses: ServerAddresses.sort() };
  };
  const both = ["100.64.0.1:6443", "100.64.0.2:6443"];
  const configOf = ({ vpnAddress }: Server, server: Server) => ({
    "node-name": "agent",
    "node-ip": vpnAddress,
    "flannel-iface": "tailscale0",
    server: server.url,
    token: "agent-secret",
  });
  const answers = async ({ host }: Server) =>
    (await host.run(["curl", "-sk", "--max-time", "15", "https://127.0.0.1:6444/ping"])).stdout === "pong";

  it("learns all servers from the one that it was told of", async () => {
    const { first, third } = servers();
    await third.wipe();
    await third.writeConfig(configOf(third, first));
    await third.install("agent");
    await waitUntil("both are in its list", async () => (await list(third)).ServerAddresses.length === 2, SOON);
    assert.deepEqual(await list(third), { ServerURL: first.url, ServerAddresses: both });
  });

  it("goes over to another within seconds of the first's end, and begins with its list when it starts again", async () => {
    const { first, third } = servers();
    await first.stop();
    await waitUntil("another server answers", () => answers(third), SOON);
    await third.host.exec("systemctl restart --no-block k3s-agent");
    const begun =
      /Running load balancer k3s-agent-load-balancer .* -> \[100\.64\.0\.[12]:6443 100\.64\.0\.[12]:6443\] \[default: 100\.64\.0\.1:6443\]/;
    await waitUntil("it begins with both", async () => begun.test(await third.journal("k3s-agent")), SOON);
    await waitUntil("another server answers", () => answers(third), SOON);
    await first.host.exec("systemctl start k3s", { timeoutMs: 180_000 });
    await third.waitActive("k3s-agent");
  });

  it("makes a new list for another server of its settings", async () => {
    const { second, third } = servers();
    await third.writeConfig(configOf(third, second));
    await third.host.exec("systemctl restart --no-block k3s-agent");
    await third.waitActive("k3s-agent");
    await waitUntil("both are in its list", async () => (await list(third)).ServerAddresses.length === 2, SOON);
    assert.deepEqual(await list(third), { ServerURL: second.url, ServerAddresses: both });
    await third.host.exec("/usr/local/bin/k3s-agent-uninstall.sh >/dev/null 2>&1; rm -rf /var/lib/rancher/k3s /etc/rancher", {
      timeoutMs: 120_000,
    });
    await second.host.exec("k3s kubectl delete node agent", { timeoutMs: 90_000 });
  });
}
