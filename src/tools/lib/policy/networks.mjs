import ipaddr from "ipaddr.js";

/** An address or CIDR as {address, prefix}, or undefined. */
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

export function contains(outer, inner) {
  return outer.prefix <= inner.prefix && overlaps(outer, inner);
}

export function overlaps(one, other) {
  if (one.address.kind() !== other.address.kind()) return false;
  return one.address.match(other.address, Math.min(one.prefix, other.prefix));
}
