import assert from "node:assert/strict";
import { type Kubectl, succeed } from "../../lab/checks/probe-pods";
import type { LabHost } from "../../lab/hosts/host";
import type { HostName } from "../../lab/hosts/topology";
import type { Lab } from "../../lab/lab";

/** The hosts that make up the lab's cluster, the server first. */
export const clusterHosts: readonly HostName[] = ["rack-1", "rack-2", "kiosk-1"];

export const hostsOf = (lab: Lab): readonly LabHost[] => clusterHosts.map((name) => lab.host(name));

/** What the API server knows of a node's network. */
export interface NodeNetwork {
  readonly name: string;
  readonly ready: boolean;
  readonly internalIps: readonly string[];
  readonly podCidr: string;
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly podCIDR?: string };
    readonly status: {
      readonly addresses: readonly { readonly type: string; readonly address: string }[];
      readonly conditions: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

/** All Nodes, by name. */
export async function nodeNetworks(kubectl: Kubectl): Promise<NodeNetwork[]> {
  const { stdout } = await succeed(kubectl, ["get", "nodes", "-o", "json"]);
  const { items } = JSON.parse(stdout) as NodeList;
  return items
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      ready: status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True"),
      internalIps: status.addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address),
      podCidr: spec.podCIDR ?? "",
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** The podCIDR of each node, by node name. */
export async function podCidrs(kubectl: Kubectl): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await nodeNetworks(kubectl)).map(({ name, podCidr }) => [name, podCidr]));
}

/** The addresses that tailscale says this host has, v4 first. */
export async function tailnetAddresses(host: LabHost): Promise<string[]> {
  return (await host.exec("tailscale ip")).trim().split("\n");
}

/** The preferences of the host's tailscaled: what a k3s that finds it not Running would wipe. */
export async function tailnetPrefs(host: LabHost): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await host.exec("tailscale debug prefs")) as Record<string, unknown>;
}

/** The pod networks of other nodes that the host sends into the tailnet. Table 52 is where tailscaled keeps the routes it accepted. */
export async function acceptedRoutes(host: LabHost): Promise<string[]> {
  // Without any route there is no table, which ip calls an error.
  const { stdout } = await host.run(["ip", "-4", "route", "show", "table", "52"]);
  return [...stdout.matchAll(/^(10\.42\.\S+) dev tailscale0/gm)].map(([, route]) => route ?? "").sort();
}

/** Every host sends to every other node's podCIDR through the tailnet; the message names the hosts that do not. */
export async function assertRoutes(lab: Lab, cidrs: Readonly<Record<string, string>>): Promise<void> {
  const seen = await Promise.all(hostsOf(lab).map(async (host) => [host.name, await acceptedRoutes(host)] as const));
  const others = (name: string) => clusterHosts.filter((other) => other !== name).map((other) => cidrs[other]);
  assert.deepEqual(Object.fromEntries(seen), Object.fromEntries(clusterHosts.map((name) => [name, others(name).sort()])));
}
