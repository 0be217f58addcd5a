import { formatNetwork, type Network, overlap, readCidr, tailnetCidr, tailnetNetwork } from "../values/cidr";
import { type ConfigIssue, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { nodeCount } from "../pool-hosts";
import { validateCidr, validateRange, validateSize, warnOfPublicRange } from "../values/validate-cidr";

const nodePrefix = 24;

/** The two networks of the cluster; undefined where one is missing or malformed. */
export interface ClusterNetworks {
  readonly podCidr: Network | undefined;
  readonly serviceCidr: Network | undefined;
}

export function clusterNetworks({ cluster }: ConfigDraft): ClusterNetworks {
  const read = (text: string | undefined) => {
    const cidr = text === undefined ? undefined : readCidr(text);
    return cidr?.kind === "network" ? cidr.network : undefined;
  };
  return { podCidr: read(cluster?.podCidr ?? "10.42.0.0/16"), serviceCidr: read(cluster?.serviceCidr ?? "10.43.0.0/16") };
}

export function validateNetworks(draft: ConfigDraft): readonly ConfigIssue[] {
  const { podCidr, serviceCidr } = clusterNetworks(draft);
  const pods = settingPath("cluster", "podCidr");
  const services = settingPath("cluster", "serviceCidr");
  return [
    ...validateCidr(pods, draft.cluster?.podCidr),
    ...validateCidr(services, draft.cluster?.serviceCidr),
    // The limits are Kubernetes' own: node masks at most 16 bits longer, service networks of at most 20 bits
    // (kubernetes/kubernetes: pkg/controller/nodeipam/ipam/cidrset, cmd/kube-apiserver/app/options/validation.go).
    ...validateSize(pods, podCidr, { from: 8, to: nodePrefix, why: "each node takes a /24 of it" }),
    ...validateSize(services, serviceCidr, { from: 12, to: 28, why: "Kubernetes takes no larger one, and k3s needs its tenth address" }),
    ...validateRange(pods, podCidr),
    ...validateRange(services, serviceCidr),
    ...validateApart(pods, podCidr, tailnetNetwork, `the tailnet's own addresses, ${tailnetCidr}`),
    ...validateApart(services, serviceCidr, tailnetNetwork, `the tailnet's own addresses, ${tailnetCidr}`),
    ...(podCidr === undefined ? [] : validateApart(services, serviceCidr, podCidr, `podCidr, ${formatNetwork(podCidr)}`)),
    ...validateCapacity(pods, podCidr, draft),
  ];
}

export function warnOfNetworks(draft: ConfigDraft): readonly string[] {
  const { podCidr, serviceCidr } = clusterNetworks(draft);
  return [
    ...warnOfPublicRange(settingPath("cluster", "podCidr"), podCidr),
    ...warnOfPublicRange(settingPath("cluster", "serviceCidr"), serviceCidr),
  ];
}

function validateApart(path: string, network: Network | undefined, other: Network, what: string): ConfigIssue[] {
  if (network === undefined || !overlap(network, other)) return [];
  return [{ path, problem: `"${formatNetwork(network)}" overlaps ${what}`, remedy: "Take a network that no host, VPN or service uses." }];
}

function validateCapacity(path: string, network: Network | undefined, draft: ConfigDraft): ConfigIssue[] {
  if (network === undefined || network.prefix > nodePrefix) return [];
  const holds = 2 ** (nodePrefix - network.prefix);
  const nodes = nodeCount(draft);
  if (nodes <= holds) return [];
  const needed = nodePrefix - Math.ceil(Math.log2(nodes));
  return [
    {
      path,
      problem: `"${formatNetwork(network)}" holds ${holds} nodes, and the pools have ${nodes}`,
      remedy: `Take a /${needed} or larger: each node takes a /24 of it.`,
    },
  ];
}
