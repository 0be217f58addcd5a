import { API_PORT } from "../catalog/ports.cjs";
import { defaultTag } from "../config/values/names";
import type { HybridConfig } from "../config/schema";
import { type ClusterTraffic, ownGrants, ownRules, serverTagOf, serviceHostOf } from "../operator-tools/policy/cluster-rules.cjs";
import type { ControlPlan, PolicyDocument, TailnetPlan } from "./cluster-plan";

/** What the policy takes from beside the settings. */
interface TailnetExtras {
  readonly vpnCaPem?: string;
  readonly owner?: string;
}

export function planTailnet(config: HybridConfig, { vpnCaPem = "", owner }: TailnetExtras = {}): TailnetPlan {
  const { vpn, cluster } = config;
  const tag = vpn.tag ?? defaultTag(cluster.name);
  // Only etcd has servers talk to one another. An only server has the tag too: others may come to stand beside it.
  const servers = cluster.datastore === "etcd" ? { serverTag: serverTagOf(tag) } : {};
  const service: { readonly service?: string } = vpn.apiService === undefined ? {} : { service: `svc:${vpn.apiService}` };
  return {
    control: planControl(vpn, vpnCaPem),
    tag,
    clientVersion: vpn.version,
    policyMode: vpn.policy,
    policy: planPolicy({ ...vpn, tag, ...servers, ...service, podCidr: cluster.podCidr }),
    cluster: {
      name: cluster.name,
      ...(owner === undefined ? {} : { stack: owner }),
      tag,
      ...servers,
      ...service,
      tagOwners: vpn.tagOwners,
      podCidr: cluster.podCidr,
      operators: vpn.operators,
      nodePorts: vpn.nodePorts,
      ...(vpn.policyTests === "accept" ? {} : { policyTests: vpn.policyTests }),
      ...(vpn.integration === "flannel-iface" ? { integration: vpn.integration } : {}),
    },
    ...(service.service !== undefined && {
      apiService: { name: service.service, comment: commentOf(cluster.name, owner), ports: [`tcp:${API_PORT}`] },
    }),
    groups: groupsByName(vpn.groups),
  };
}

/** As the policy's marks have it. */
function commentOf(cluster: string, stack?: string): string {
  return `hybrid-k3s: ${cluster}${stack === undefined ? "" : ` (stack ${stack})`}`;
}

function planControl({ mode, loginServer = "" }: HybridConfig["vpn"], caPem: string): ControlPlan {
  return mode === "headscale" ? { mode, loginServer: loginServer.replace(/\/+$/, ""), caPem } : { mode: "tailscale" };
}

/** What the file is written from. */
interface OwnPolicySettings extends ClusterTraffic {
  readonly tagOwners: readonly string[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

/** The whole policy of a tailnet that is this cluster's alone. */
export function planPolicy(needs: OwnPolicySettings): PolicyDocument {
  const { tag, serverTag, podCidr, service } = needs;
  const approvers = {
    // In vxlan the tailnet sees no pod at all, only packets from node to node.
    ...(needs.integration === "flannel-iface" ? {} : { routes: { [podCidr]: [tag] } }),
    ...(service !== undefined && { services: { [service]: [serviceHostOf(needs)] } }),
  };
  return {
    ...(Object.keys(needs.groups).length === 0 ? {} : { groups: groupsByName(needs.groups) }),
    // Nobody owns the owning tags, so only the tailnet's admins give them out (https://tailscale.com/docs/kubernetes-operator/reference/tags).
    tagOwners: {
      ...Object.fromEntries(needs.tagOwners.map((owner) => [owner, []])),
      [tag]: needs.tagOwners,
      ...(serverTag !== undefined && { [serverTag]: needs.tagOwners }),
    },
    ...(Object.keys(approvers).length === 0 ? {} : { autoApprovers: approvers }),
    acls: ownRules(needs),
    ...(service !== undefined && { grants: ownGrants(needs) }),
  };
}

/** The policy file's text, the same wherever it is written or compared. */
export function policyText(policy: PolicyDocument): string {
  return JSON.stringify(policy, null, 2);
}

/** Policies write `group:` in front of a group's name; the config does not. */
function groupsByName(groups: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(groups).map(([name, members]) => [`group:${name}`, members]));
}
