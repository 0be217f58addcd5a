import { isIP } from "node:net";

/** What a name in a policy stands for (https://tailscale.com/kb/1396/targets). */
export type NameKind = "any" | "tag" | "group" | "autogroup" | "ipset" | "service" | "domain" | "user" | "network" | "host";

const prefixes: Readonly<Record<string, NameKind>> = {
  "tag:": "tag",
  "group:": "group",
  "autogroup:": "autogroup",
  "ipset:": "ipset",
  "svc:": "service",
  "user:*@": "domain",
};

export function kindOf(name: string): NameKind {
  if (name === "*") return "any";
  const prefix = Object.keys(prefixes).find((candidate) => name.startsWith(candidate));
  const kind = prefix === undefined ? undefined : prefixes[prefix];
  if (kind !== undefined) return kind;
  if (name.includes("@")) return "user";
  return networkOf(name) === undefined ? "host" : "network";
}

export interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
  /** One address, written without a prefix length. */
  readonly isAddress: boolean;
}

/** Reads an address or a prefix; undefined where it is neither. */
export function networkOf(name: string): Network | undefined {
  const [address = "", bits, rest] = name.split("/");
  const version = isIP(address);
  const largest = version === 4 ? 32 : 128;
  if (version === 0 || rest !== undefined || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > largest))) return undefined;
  return { address, bits: Number(bits ?? largest), family: version === 4 ? "ipv4" : "ipv6", isAddress: bits === undefined };
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export const allPorts: PortRange = { first: 0, last: 65_535 };

/** Reads "*", "80", "80-90" and lists of them; throws what is wrong, in the vendor's words (juanfont/headscale#2605 quotes them). */
export function portRanges(text: string): readonly PortRange[] {
  if (text === "*") return [allPorts];
  return text.split(",").map((part) => {
    const [, first = "", last] = /^([^-]*)(?:-(.*))?$/.exec(part) ?? [];
    const range = { first: portOf(text, first, "first"), last: portOf(text, last ?? first, "last") };
    if (range.first === 0) throw new Error(`port range ${JSON.stringify(text)}: first port must be >0, or use '*' for wildcard`);
    if (range.last < range.first) throw new Error(`port range ${JSON.stringify(text)}: first port is above the last`);
    return range;
  });
}

function portOf(range: string, text: string, which: "first" | "last"): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > allPorts.last)
    throw new Error(`port range ${JSON.stringify(range)}: invalid ${which} integer`);
  return Number(text);
}

/** Splits "tag:k3s:6443" and "[fd7a::1]:22" at the last colon; undefined where there is none. */
export function splitHostPort(text: string): { readonly host: string; readonly ports: string } | undefined {
  const at = text.lastIndexOf(":");
  if (at < 1) return undefined;
  return { host: text.slice(0, at).replace(/^\[(.*)\]$/, "$1"), ports: text.slice(at + 1) };
}

/** IANA numbers by name (https://tailscale.com/kb/1337/policy-syntax#proto; icmp means both versions, as in tailcfg.FilterRule). */
const protocolNames: Readonly<Record<string, readonly number[]>> = {
  icmp: [1, 58],
  igmp: [2],
  ipv4: [4],
  "ip-in-ip": [4],
  tcp: [6],
  egp: [8],
  igp: [9],
  udp: [17],
  gre: [47],
  esp: [50],
  ah: [51],
  sctp: [132],
};

/** Protocols that have ports; the others allow only "*". */
export const protocolsWithPorts: readonly number[] = [6, 17, 132];
/** What a rule without a protocol allows: TCP, UDP and ICMP (tailcfg.FilterRule in tailscale.com). */
export const defaultProtocols: readonly number[] = [6, 17, 1, 58];

/** Protocol numbers of a name or number; undefined where there is no such protocol. */
export function protocolNumbers(proto: string): readonly number[] | undefined {
  const named = protocolNames[proto];
  if (named !== undefined) return named;
  return /^[1-9]\d{0,2}$/.test(proto) && Number(proto) <= 255 ? [Number(proto)] : undefined;
}
