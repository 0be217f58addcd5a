import { formatNetwork, isWithin, type Network, networkOf, overlap, privateNetworks, readCidr, readIpv4 } from "./cidr";
import { type ConfigIssue, listOf, quote } from "../config-issue";

/** Rules for one network, wherever it stands in the config. */
export function validateCidr(path: string, text: string | undefined, example = "10.42.0.0/16"): ConfigIssue[] {
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
          remedy: `Write an address, a slash and a prefix length, for example ${example}.`,
        },
      ];
  }
}

export function validateSize(path: string, network: Network | undefined, limits: { from: number; to: number; why: string }): ConfigIssue[] {
  if (network === undefined || (network.prefix >= limits.from && network.prefix <= limits.to)) return [];
  const size = network.prefix < limits.from ? "large" : "small";
  return [
    { path, problem: `"${formatNetwork(network)}" is too ${size}`, remedy: `Take a /${limits.from} to a /${limits.to}: ${limits.why}.` },
  ];
}

/**
 * Addresses with a meaning of their own. Neither cloud takes them for a network (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html,
 * https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq), and no host could tell pods or services there from what they stand for.
 */
const reserved: readonly { readonly network: Network; readonly what: string }[] = [
  { network: { first: 0x00000000, prefix: 8 }, what: "a host's word for itself" },
  { network: { first: 0x7f000000, prefix: 8 }, what: "a host's own addresses (loopback)" },
  { network: { first: 0xa9fe0000, prefix: 16 }, what: "link-local addresses, the clouds' metadata services among them" },
  { network: { first: 0xa83f8110, prefix: 32 }, what: "Azure's own host, which every machine there needs" },
  { network: { first: 0xe0000000, prefix: 4 }, what: "multicast" },
  { network: { first: 0xffffffff, prefix: 32 }, what: "broadcast" },
];

const privateRanges = listOf(privateNetworks.map(formatNetwork));

export function validateRange(path: string, network: Network | undefined): ConfigIssue[] {
  if (network === undefined) return [];
  return reserved
    .filter((range) => overlap(network, range.network))
    .map((range) => ({
      path,
      problem: `"${formatNetwork(network)}" overlaps ${formatNetwork(range.network)}: ${range.what}`,
      remedy: `Take a private network within ${privateRanges}.`,
    }));
}

/** Both clouds take a network of public addresses, which may be the user's own; where it is not, its owners cannot be reached. */
export function warnOfPublicRange(path: string, network: Network | undefined): readonly string[] {
  if (network === undefined || privateNetworks.some((range) => isWithin(network, range))) return [];
  return [
    `${path}: "${formatNetwork(network)}" is not private address space, and nodes cannot reach anybody else's machines there. ` +
      `Unless these addresses are yours, take a network within ${privateRanges}.`,
  ];
}
