import ipaddr from "ipaddr.js";
import { formatNetwork, type Network, networkOf, readCidr, readIpv4 } from "./cidr";
import { type ConfigIssue, quote } from "./config-issue";

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

/** Loopback, multicast and the like never leave a host. */
export function validateRange(path: string, network: Network | undefined): ConfigIssue[] {
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
