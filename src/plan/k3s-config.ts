import { stringify } from "yaml";
import { isUnknownFlag, k3sFlags } from "../catalog/k3s-flags";
import type { HybridConfig, K3sSettings, PoolConfig } from "../config/schema";
import { snapshotSettings } from "./plan-backup";
import { type K3sValue, type NodePlan, canGrow } from "./cluster-plan";
import { kubeletMaySet } from "./kubelet-labels";
import { API_PORT } from "../catalog/ports.cjs";

/** Where the secret files stand on hosts; their contents come by other ways than this file. */
export const agentTokenFile = "/etc/hybrid-k3s/agent-token";
/** On servers, where there may be several: the token that lets a server join. */
export const serverTokenFile = "/etc/hybrid-k3s/server-token";
export const vpnAuthFile = "/etc/hybrid-k3s/vpn-auth";
/** With the integration `routes`: how flannel gives pods their way. Written on the host before each start of k3s (lib-k3s-files.sh). */
export const flannelConfFile = "/etc/hybrid-k3s/flannel.json";
/** On servers, made by the install script: without it k3s lets agents join only by the server's own token. */
export const clusterAgentTokenFile = "/etc/hybrid-k3s/cluster-agent-token";

/** tailscaled's own name for it. */
const TAILNET_INTERFACE = "tailscale0";

interface K3sConfigNeeds {
  readonly config: HybridConfig;
  readonly pool: PoolConfig;
  readonly nodeName: string;
  readonly taints: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly externalIp: string | undefined;
}

/** A node's k3s settings, save what it joins: its address is in renderK3sConfig, or where there may be several servers the host itself asks who lives. k3s registers the node with the taints and sets the labels at every start; `wait-ready` keeps both in between. */
export function k3sConfigOf(needs: K3sConfigNeeds): Readonly<Record<string, K3sValue>> {
  const { config, pool, nodeName, taints, externalIp } = needs;
  const labels = Object.entries(needs.labels).filter(([key]) => kubeletMaySet(key));
  return {
    ...userSettings(config.cluster.k3s, pool),
    "node-name": nodeName,
    ...vpnSettings(config, pool),
    "node-label": labels.map(([key, value]) => `${key}=${value}`),
    ...(taints.length === 0 ? {} : { "node-taint": taints }),
    ...(externalIp === undefined ? {} : { "node-external-ip": externalIp }),
    ...(pool.role === "server" ? serverSettings(config) : { "token-file": agentTokenFile }),
  };
}

/**
 * Without k3s's VPN flag the node's address stands in a file of its own beside this one, written before each start of k3s (write_address_program
 * in lib-k3s-files.sh): as with the flag, a device that logged in again under another address needs a restart and nothing else.
 */
function vpnSettings({ vpn }: HybridConfig, pool: PoolConfig): Record<string, K3sValue> {
  switch (vpn.integration) {
    case "k3s":
      return { "vpn-auth-file": vpnAuthFile };
    case "routes":
      return { "flannel-iface": TAILNET_INTERFACE, "flannel-conf": flannelConfFile };
    case "flannel-iface":
      return { "flannel-iface": TAILNET_INTERFACE, ...(pool.role === "server" ? { "flannel-backend": "vxlan" } : {}) };
  }
}

/** The whole text of /etc/rancher/k3s/config.yaml. `serverIp`: the first server's tailnet address, for all nodes but itself. */
export function renderK3sConfig(node: Pick<NodePlan, "k3sConfig">, serverIp?: string): string {
  const settings = serverIp === undefined ? node.k3sConfig : { ...node.k3sConfig, server: `https://${serverIp}:${API_PORT}` };
  return stringify(settings, { sortMapEntries: true, lineWidth: 0 });
}

function serverSettings(config: HybridConfig): Record<string, K3sValue> {
  const { cluster } = config;
  const endpoint = cluster.apiEndpoint === undefined ? [] : [cluster.apiEndpoint];
  const names = [...new Set([...endpoint, ...cluster.tlsSans])];
  const grows = canGrow({ datastore: cluster.datastore, integration: config.vpn.integration });
  return {
    ...(grows ? { "token-file": serverTokenFile } : cluster.datastore === "etcd" && { "cluster-init": true }),
    "agent-token-file": clusterAgentTokenFile,
    "cluster-cidr": cluster.podCidr,
    "service-cidr": cluster.serviceCidr,
    ...snapshotSettings(cluster),
    ...(names.length === 0 ? {} : { "tls-san": names }),
  };
}

/**
 * The cluster's settings as far as this role knows them (another role's are fatal), then the pool's. Unknown keys come here only with
 * `cluster.allowUntestedK3s`, and nobody here knows for which role they are.
 */
function userSettings(clusterSettings: K3sSettings, pool: PoolConfig): Record<string, K3sValue> {
  const known = Object.entries(clusterSettings).filter(([key]) => key in k3sFlags[pool.role] || isUnknownFlag(key));
  return Object.fromEntries(
    [...known, ...Object.entries(pool.k3s)].map(([key, value]) => [key, Array.isArray(value) ? value.map(String) : value]),
  );
}
