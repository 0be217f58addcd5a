import { createHash } from "node:crypto";
import type { HostConfig, HybridConfig, Integration } from "../config/schema";
import type { ClusterPlan, NodePlan, NodeRole } from "./cluster-plan";

/** What a node cannot change while it lives. */
export interface IdentityNeeds {
  /** Not its SSH host key, which is rotated on living hosts; that one was made again says `generation`. */
  readonly host: Pick<HostConfig, "generation">;
  /** An agent's unit and a server's are two: a host that got the other one would run both. */
  readonly role: NodeRole;
  /** The name stands in the owner marker; a Node's podCIDR and the address of the Service `kubernetes` are immutable. */
  readonly cluster: Pick<HybridConfig["cluster"], "name" | "podCidr" | "serviceCidr">;
  /**
   * Routes of the tailnet, by `k3s` or by `routes`, or flannel's vxlan. Nodes of these two do not reach each other's pods, pods keep the MTU that
   * they were made with, and the policy has the rules of one of them only: changed under a living cluster it would be an outage without an end
   * that anybody announced, so `protect-server` refuses it. Between `k3s` and `routes` all of that stays, and nodes change in place.
   */
  readonly integration: Integration;
}

/** Alphanumeric, because it goes into an auth key's description (at most 50 alphanumeric characters, @pulumi/tailscale 0.29). */
export function hostIdentity({ host, role, cluster, integration }: IdentityNeeds): string {
  const { name, podCidr, serviceCidr } = cluster;
  return digest({ generation: host.generation, role, name, podCidr, serviceCidr, ...wayOf(integration) });
}

/** Of a cloud node; that its machine was made again is told by the machine's own id. */
export function cloudIdentity({ role, cluster, integration }: Omit<IdentityNeeds, "host">): string {
  const { name, podCidr, serviceCidr } = cluster;
  return digest({ role, name, podCidr, serviceCidr, ...wayOf(integration) });
}

/** Nothing for the way that was the only one once: nodes of that time keep their identity. */
function wayOf(integration: Integration): { readonly integration?: Integration } {
  return integration === "flannel-iface" ? { integration } : {};
}

/** Changes with anything that a node's k3s runs with: `wait-ready` carries it, to look again after every change in place. */
export function configDigest(cluster: Pick<ClusterPlan, "k3sVersion">, node: NodePlan): string {
  return digest({ version: cluster.k3sVersion, config: node.k3sConfig, labels: node.labels, taints: node.taints });
}

/** Changes with what the config says of the way to a machine: its address, port, user and host key, and those of its bastion. */
export function routeDigest(node: NodePlan): string {
  return digest({ bastion: node.bastion ?? "", ...(node.kind === "bare-metal" && { host: node.host }) });
}

function digest(data: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(data)))
    .digest("hex")
    .slice(0, 32);
}

/** Objects with their keys in order: two that mean the same give the same text. */
function sorted(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(sorted);
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(
    Object.entries(data)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, sorted(value)]),
  );
}
