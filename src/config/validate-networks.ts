import ipaddr from "ipaddr.js";
import { formatNetwork, type Network, networkOf, overlap, readCidr, readIpv4, tailnetCidr, tailnetNetwork } from "./cidr";
import { type ConfigIssue, quote, settingPath } from "./config-issue";
import type { ConfigDraft } from "./draft";
import { nodeCount } from "./pool-hosts";

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

function validateCidr(path: string, text: string | undefined): ConfigIssue[] {
  if (text === undefined) return [];
  const { kind } = readCidr(text);
  switch (kind) {
    case "network":
      return [];
    case "ipv6":
      return [{ path, problem: `${quote(text)} is an IPv6 network, and IPv6 is not available yet`, remedy: "Give one IPv4 network." }];
    case "host-bits": {
      const [address, prefix] = text.split("/");
      const network = formatNetwork(networkOf(readIpv4(address ?? "") ?? 0, Number(prefix)));
      return [{ path, problem: `${quote(text)} is an address within a network`, remedy: `Write the network, ${network}.` }];
    }
    case "malformed":
      return [
        {
          path,
          problem: `${quote(text)} is no IPv4 network`,
          remedy: "Write an address, a slash and a prefix length, for example 10.42.0.0/16.",
        },
      ];
  }
}

function validateSize(path: string, network: Network | undefined, limits: { from: number; to: number; why: string }): ConfigIssue[] {
  if (network === undefined || (network.prefix >= limits.from && network.prefix <= limits.to)) return [];
  const size = network.prefix < limits.from ? "large" : "small";
  return [
    { path, problem: `"${formatNetwork(network)}" is too ${size}`, remedy: `Take a /${limits.from} to a /${limits.to}: ${limits.why}.` },
  ];
}

/** Loopback, multicast and the like never leave a host. */
function validateRange(path: string, network: Network | undefined): ConfigIssue[] {
  if (network === undefined) return [];
  const text = formatNetwork(network);
  const range = ipaddr.IPv4.parse(text.slice(0, text.indexOf("/"))).range();
  if (!["loopback", "linkLocal", "multicast", "broadcast", "unspecified"].includes(range)) return [];
  return [
    {
      path,
      problem: `"${text}" is in a range with a meaning of its own (${range})`,
      remedy: "Take a private network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.",
    },
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
