import { defaultTag } from "../config/values/names";
import type { HybridConfig, Integration } from "../config/schema";
import type { ControlPlan, PolicyDocument, TailnetPlan } from "./cluster-plan";

const apiServerPort = 6443;
/** Of flannel's vxlan on Linux (flannel-io/flannel: Documentation/backends.md). */
const vxlanPort = 8472;

/** What the policy takes from beside the settings. */
interface TailnetExtras {
  readonly vpnCaPem?: string;
  readonly owner?: string;
}

export function planTailnet(config: HybridConfig, { vpnCaPem = "", owner }: TailnetExtras = {}): TailnetPlan {
  const { vpn, cluster } = config;
  const tag = vpn.tag ?? defaultTag(cluster.name);
  return {
    control: planControl(vpn, vpnCaPem),
    tag,
    clientVersion: vpn.version,
    policyMode: vpn.policy,
    policy: planPolicy({ ...vpn, tag, podCidr: cluster.podCidr }),
    cluster: {
      name: cluster.name,
      ...(owner === undefined ? {} : { stack: owner }),
      tag,
      tagOwners: vpn.tagOwners,
      podCidr: cluster.podCidr,
      operators: vpn.operators,
      nodePorts: vpn.nodePorts,
      ...(vpn.policyTests === "accept" ? {} : { policyTests: vpn.policyTests }),
      ...(vpn.integration === "flannel-iface" ? { integration: vpn.integration } : {}),
    },
    groups: groupsByName(vpn.groups),
  };
}

function planControl({ mode, loginServer = "" }: HybridConfig["vpn"], caPem: string): ControlPlan {
  return mode === "headscale" ? { mode, loginServer: loginServer.replace(/\/+$/, ""), caPem } : { mode: "tailscale" };
}

interface PolicyNeeds {
  readonly tag: string;
  readonly podCidr: string;
  readonly tagOwners: readonly string[];
  readonly operators: readonly string[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly nodePorts: readonly number[];
  readonly integration: Integration;
}

/**
 * The least that k3s over a tailnet works with (each line was run, and missed where it was left out). Pods reach other nodes under their
 * own node's address, so only the tag needs the node ports; nodes need podCidr themselves, or the control server hands them no pod route.
 * In vxlan the tailnet sees no pod at all, only packets from node to node.
 */
export function planPolicy(needs: PolicyNeeds): PolicyDocument {
  const { tag, podCidr, nodePorts } = needs;
  const isVxlan = needs.integration === "flannel-iface";
  const accept = (src: readonly string[], dst: string) => ({ action: "accept" as const, src, dst: [dst] });
  return {
    ...(Object.keys(needs.groups).length === 0 ? {} : { groups: groupsByName(needs.groups) }),
    // Nobody owns the owning tags, so only the tailnet's admins give them out (https://tailscale.com/docs/kubernetes-operator/reference/tags).
    tagOwners: { ...Object.fromEntries(needs.tagOwners.map((owner) => [owner, []])), [tag]: needs.tagOwners },
    ...(isVxlan ? {} : { autoApprovers: { routes: { [podCidr]: [tag] } } }),
    acls: [
      accept([tag], `${tag}:${apiServerPort}`),
      ...(isVxlan
        ? [{ action: "accept" as const, proto: "udp" as const, src: [tag], dst: [`${tag}:${vxlanPort}`] }]
        : [accept([tag], `${podCidr}:*`), accept([podCidr], `${podCidr}:*`)]),
      ...(nodePorts.length === 0 ? [] : [accept([tag], `${tag}:${nodePorts.join(",")}`)]),
      accept(needs.operators, `${tag}:${apiServerPort}`),
    ],
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
