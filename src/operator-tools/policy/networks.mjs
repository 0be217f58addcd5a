// @ts-check
import ipaddr from "ipaddr.js";

/** @typedef {{ readonly address: ipaddr.IPv4 | ipaddr.IPv6; readonly prefix: number }} AnyNetwork */

/**
 * An address or CIDR as a network; undefined where the text is neither.
 * @type {(text: unknown) => AnyNetwork | undefined}
 */
export function readNetwork(text) {
  if (typeof text !== "string") return undefined;
  if (ipaddr.isValidCIDR(text)) {
    const [address, prefix] = ipaddr.parseCIDR(text);
    return { address, prefix };
  }
  if (!ipaddr.isValid(text) || !/[.:].*[.:]/.test(text)) return undefined;
  const address = ipaddr.parse(text);
  return { address, prefix: address.kind() === "ipv4" ? 32 : 128 };
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
  return outer.prefix <= inner.prefix && overlaps(outer, inner);
}

/** @type {(one: AnyNetwork, other: AnyNetwork) => boolean} */
export function overlaps(one, other) {
  if (one.address.kind() !== other.address.kind()) return false;
  return one.address.match(other.address, Math.min(one.prefix, other.prefix));
}
