import { isIpv6, readIpv4 } from "../values/cidr";
import { type ConfigIssue, quote } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { isDnsLabel } from "../values/names";
import { hostsOf, type PlacedHost } from "../pool-hosts";
import { readHostKey } from "../values/ssh-host-key";
import { clusterNetworks } from "./cluster-networks";
import { validateAddressApart } from "./ssh-target";

export function validateHosts(draft: ConfigDraft): readonly ConfigIssue[] {
  const hosts = hostsOf(draft);
  const networks = clusterNetworks(draft);
  return [
    ...hosts.flatMap((placed) => [
      ...validateName(placed),
      ...validateGeneration(placed),
      ...validateExternalIp(placed),
      ...validateAddressApart(placed.host.externalIp, placed.at("externalIp"), networks),
    ]),
    ...repeated(hosts, ({ host }) => host.name).map(([{ host, at }, first]) => ({
      path: at("name"),
      problem: `${quote(host.name)} is the name of ${first.at()} too`,
      remedy: "Give each host a name of its own: it names the node, the tailnet device and the stack's resources.",
    })),
    ...repeated(hosts, sshPlace).map(([{ host, at }, first]) => ({
      path: at("address"),
      problem: `${quote(host.address)}, port ${host.port ?? 22}, is the place of ${first.at()} too`,
      remedy: "Remove one of them, or correct its address or port.",
    })),
  ];
}

export function warnOfHosts(draft: ConfigDraft): readonly string[] {
  const sameKey = repeated(hostsOf(draft), ({ host }) => readHostKey(host.hostKey ?? ""));
  return sameKey.map(
    ([{ at }, first]) =>
      `${at("hostKey")}: the same key as ${first.at()}. Is it one machine? If one was cloned, give it host keys of its own.`,
  );
}

function validateName({ host, at }: PlacedHost): ConfigIssue[] {
  // headscale since 0.27 renames a device whose name has fewer than two characters.
  if (host.name === undefined || (isDnsLabel(host.name) && host.name.length >= 2)) return [];
  return [
    {
      path: at("name"),
      problem: `${quote(host.name)} is no legal node name`,
      remedy: "Use 2 to 63 lower-case letters, digits and dashes, a letter or digit first and last.",
    },
  ];
}

function validateGeneration({ host, at }: PlacedHost): ConfigIssue[] {
  if (host.generation === undefined || host.generation >= 0) return [];
  return [
    {
      path: at("generation"),
      problem: `${host.generation} is negative`,
      remedy: "Start with 0, and add 1 each time the host is installed again.",
    },
  ];
}

function validateExternalIp({ host, at }: PlacedHost): ConfigIssue[] {
  if (host.externalIp === undefined || readIpv4(host.externalIp) !== undefined) return [];
  const path = at("externalIp");
  if (isIpv6(host.externalIp)) {
    return [
      {
        path,
        problem: `${quote(host.externalIp)} is an IPv6 address, and IPv6 is not available yet`,
        remedy: "Give an IPv4 address, or remove it.",
      },
    ];
  }
  return [
    {
      path,
      problem: `${quote(host.externalIp)} is no IPv4 address`,
      remedy: "Give the address by which the world reaches this node's services, or remove it.",
    },
  ];
}

/** The way that a connection takes: two hosts may share an address and port behind two bastions. */
function sshPlace({ pool, host }: PlacedHost): string | undefined {
  if (host.address === undefined) return undefined;
  const { bastion } = pool;
  const through = bastion === undefined ? "" : `${bastion.address?.toLowerCase() ?? "?"}:${bastion.port ?? 22}>`;
  return `${through}${host.address.toLowerCase()}:${host.port ?? 22}`;
}

/** Each host whose key an earlier one has too, with that earlier one. */
function repeated(
  hosts: readonly PlacedHost[],
  keyOf: (placed: PlacedHost) => string | undefined,
): readonly (readonly [PlacedHost, PlacedHost])[] {
  const firsts = new Map<string, PlacedHost>();
  return hosts.flatMap((placed) => {
    const key = keyOf(placed);
    if (key === undefined) return [];
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, placed);
    return first === undefined ? [] : [[placed, first] as const];
  });
}
