import assert from "node:assert/strict";
import { type Kubectl, succeed } from "../../lab/checks/probe-pods";
import type { LabHost } from "../../lab/hosts/host";
import type { HostName } from "../../lab/hosts/topology";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import { assertRoutes, clusterHosts, hostsOf, nodeNetworks, tailnetAddresses, tailnetPrefs } from "./node-network";
import { reachedPods } from "./pod-watch";

/** What a restart must leave as it is. */
interface Identity {
  readonly addresses: readonly string[];
  readonly prefs: Readonly<Record<string, unknown>>;
}

export type Identities = Readonly<Record<string, Identity>>;

/** Each host's place in the tailnet and its tailscaled's preferences. */
export async function identities(lab: Lab): Promise<Identities> {
  const entries = hostsOf(lab).map(
    async (host) => [host.name, { addresses: await tailnetAddresses(host), prefs: await tailnetPrefs(host) }] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

export const k3sUnit = (host: LabHost): string => (host.name === "rack-1" ? "k3s.service" : "k3s-agent.service");

/** Restarts k3s on all hosts at once; returns when each one's old process is gone, whatever the new one is doing. */
export async function restartK3s(lab: Lab): Promise<void> {
  const started = (host: LabHost) => host.exec(`systemctl show -P InvocationID ${k3sUnit(host)}`);
  await onAll(lab, async (host) => {
    const before = await started(host);
    await host.exec(`systemctl restart --no-block ${k3sUnit(host)}`);
    await waitUntil(`${host.name} starts k3s again`, async () => (await started(host)) !== before, { timeoutMs: 60_000 });
  });
}

export async function restartTailscaled(lab: Lab): Promise<void> {
  await onAll(lab, (host) => host.exec("systemctl restart tailscaled"));
}

/** Reboots all hosts at once; returns when systemd runs on each again, while services are still starting. */
export const rebootAll = (lab: Lab): Promise<void> => onAll(lab, reboot);

/** Reboots these hosts at once, as rebootAll does. */
export async function rebootHosts(lab: Lab, names: readonly HostName[]): Promise<void> {
  await Promise.all(names.map((name) => reboot(lab.host(name))));
}

async function reboot(host: LabHost): Promise<void> {
  const before = host.leader;
  await host.exec("systemctl reboot --no-block");
  await waitUntil(`${host.name} reboots`, () => host.leader !== undefined && host.leader !== before, { timeoutMs: 60_000 });
  await waitUntil(`${host.name} starts tailscaled`, async () => (await host.run(["systemctl", "is-active", "tailscaled"])).code === 0, {
    timeoutMs: 30_000,
  });
}

async function onAll(lab: Lab, work: (host: LabHost) => Promise<unknown>): Promise<void> {
  await Promise.all(hostsOf(lab).map(work));
}

interface LeaseList {
  readonly items: readonly { readonly metadata: { readonly name: string }; readonly spec: { readonly renewTime: string } }[];
}

/** Waits until every node is back since `since`: a kubelet that has reported after it, Ready, with its routes, and pods that reach each other. */
export async function waitBack(lab: Lab, kubectl: Kubectl, before: Identities, since: number): Promise<void> {
  const wait = { timeoutMs: 120_000, intervalMs: 500 };
  // Ready alone is also what the API server last heard before the restart.
  await waitUntil("every kubelet has reported again and every node is Ready", () => reportedSince(kubectl, since), wait);
  const nodes = await nodeNetworks(kubectl);
  const cidrs = Object.fromEntries(nodes.map(({ name, podCidr }) => [name, podCidr]));
  await waitUntil("every host has its routes", () => assertRoutes(lab, cidrs).then(() => true), wait);
  assert.equal((await reachedPods(kubectl)).length, clusterHosts.length);
  assert.deepEqual(await identities(lab), before);
  await onAll(lab, (host) => host.waitBooted(60_000));
}

async function reportedSince(kubectl: Kubectl, since: number): Promise<boolean> {
  const { stdout } = await succeed(kubectl, ["-n", "kube-node-lease", "get", "leases", "-o", "json"]);
  const { items } = JSON.parse(stdout) as LeaseList;
  const fresh = items.filter(({ spec }) => Date.parse(spec.renewTime) > since).map(({ metadata }) => metadata.name);
  const nodes = await nodeNetworks(kubectl);
  const late = clusterHosts.filter((name) => !fresh.includes(name) || !nodes.some((node) => node.name === name && node.ready));
  if (late.length > 0) throw new Error(`not yet: ${late.join(", ")}`);
  return true;
}
