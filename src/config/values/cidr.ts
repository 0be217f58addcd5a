import { isIpv6, type Network, networkOf, readIpv4 } from "../../operator-tools/policy/ipv4-networks.cjs";

export {
  contains,
  formatNetwork,
  isIpv6,
  isWithin,
  type Network,
  networkOf,
  overlap,
  readIpv4,
  sizeOf,
} from "../../operator-tools/policy/ipv4-networks.cjs";

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
