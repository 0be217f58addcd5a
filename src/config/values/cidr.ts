import ipaddr from "ipaddr.js";

/** An IPv4 network as its first address and the length of its prefix. */
export interface Network {
  readonly first: number;
  readonly prefix: number;
}

/** Addresses of the tailnet's own devices (https://tailscale.com/kb/1015/100.x-addresses). */
export const tailnetNetwork: Network = { first: 0x64400000, prefix: 10 };
export const tailnetCidr = "100.64.0.0/10";

/** Networks that nobody owns and anybody may use at home (RFC 1918). */
export const privateNetworks: readonly Network[] = [
  { first: 0x0a000000, prefix: 8 },
  { first: 0xac100000, prefix: 12 },
  { first: 0xc0a80000, prefix: 16 },
];

export type ReadCidr = { readonly kind: "network"; readonly network: Network } | { readonly kind: "ipv6" | "host-bits" | "malformed" };

export function readCidr(text: string): ReadCidr {
  const [address, prefixText, ...more] = text.split("/");
  if (address === undefined || prefixText === undefined || more.length > 0 || !/^\d{1,3}$/.test(prefixText)) return { kind: "malformed" };
  if (isIpv6(address)) return { kind: "ipv6" };
  const value = readIpv4(address);
  const prefix = Number(prefixText);
  if (value === undefined || prefix > 32) return { kind: "malformed" };
  return networkOf(value, prefix).first === value ? { kind: "network", network: { first: value, prefix } } : { kind: "host-bits" };
}

/** The network of this length that an address is in. */
export function networkOf(address: number, prefix: number): Network {
  return { first: Math.floor(address / sizeOf(prefix)) * sizeOf(prefix), prefix };
}

export function overlap(a: Network, b: Network): boolean {
  return a.first < b.first + sizeOf(b.prefix) && b.first < a.first + sizeOf(a.prefix);
}

/** Whether all of a network lies in another one. */
export function isWithin(inner: Network, outer: Network): boolean {
  return inner.prefix >= outer.prefix && overlap(inner, outer);
}

export function contains(network: Network, address: number): boolean {
  return overlap(network, { first: address, prefix: 32 });
}

export function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}

export function readIpv4(text: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return ipaddr.IPv4.parse(text).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

export function isIpv6(text: string): boolean {
  return ipaddr.IPv6.isValid(text.replace(/^\[(.*)\]$/, "$1"));
}

export function formatNetwork(network: Network): string {
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(network.first / 2 ** shift) % 256);
  return `${octets.join(".")}/${network.prefix}`;
}
