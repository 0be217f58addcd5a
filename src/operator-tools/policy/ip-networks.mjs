import ipaddr from "ipaddr.js";
import { isWithin, networkOf, numberOf, overlap } from "./ipv4-networks.cjs";

/** @import { Network } from "./ipv4-networks.cjs" */

/** @typedef {Network | { readonly address: ipaddr.IPv6; readonly prefix: number }} AnyNetwork Of IPv4 or IPv6 */

/**
 * An address or CIDR as a network; undefined where the text is neither.
 * @type {(text: unknown) => AnyNetwork | undefined}
 */
export function readNetwork(text) {
  if (typeof text !== "string") return undefined;
  if (ipaddr.isValidCIDR(text)) return asNetwork(...ipaddr.parseCIDR(text));
  return ipaddr.isValid(text) && /[.:].*[.:]/.test(text) ? asNetwork(ipaddr.parse(text)) : undefined;
}

/**
 * Without a prefix: the address alone.
 * @type {(address: ipaddr.IPv4 | ipaddr.IPv6, prefix?: number) => AnyNetwork}
 */
function asNetwork(address, prefix) {
  return address instanceof ipaddr.IPv4 ? networkOf(numberOf(address), prefix ?? 32) : { address, prefix: prefix ?? 128 };
}

/**
 * A network that this program itself names.
 * @type {(text: string) => AnyNetwork}
 */
export function knownNetwork(text) {
  const network = readNetwork(text);
  if (network === undefined) throw new Error(`${text} is no network`);
  return network;
}

/** @type {(outer: AnyNetwork, inner: AnyNetwork) => boolean} */
export function contains(outer, inner) {
  if ("first" in outer && "first" in inner) return isWithin(inner, outer);
  return outer.prefix <= inner.prefix && overlaps(outer, inner);
}

/** @type {(one: AnyNetwork, other: AnyNetwork) => boolean} */
export function overlaps(one, other) {
  if ("first" in one && "first" in other) return overlap(one, other);
  if ("first" in one || "first" in other) return false;
  return one.address.match(other.address, Math.min(one.prefix, other.prefix));
}
