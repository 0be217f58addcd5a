const ipaddr = require("ipaddr.js");

/**
 * An IPv4 network as its first address and the length of its prefix.
 * @typedef {{ readonly first: number; readonly prefix: number }} Network
 */

/**
 * The network of this length that an address is in.
 * @type {(address: number, prefix: number) => Network}
 */
function networkOf(address, prefix) {
  return { first: Math.floor(address / sizeOf(prefix)) * sizeOf(prefix), prefix };
}

/** @type {(a: Network, b: Network) => boolean} */
function overlap(a, b) {
  return a.first < b.first + sizeOf(b.prefix) && b.first < a.first + sizeOf(a.prefix);
}

/**
 * Whether all of a network lies in another one.
 * @type {(inner: Network, outer: Network) => boolean}
 */
function isWithin(inner, outer) {
  return inner.prefix >= outer.prefix && overlap(inner, outer);
}

/** @type {(network: Network, address: number) => boolean} */
function contains(network, address) {
  return overlap(network, { first: address, prefix: 32 });
}

/**
 * How many addresses a network of this length has.
 * @type {(prefix: number) => number}
 */
function sizeOf(prefix) {
  return 2 ** (32 - prefix);
}

/**
 * Four decimal parts; undefined for anything else.
 * @type {(text: string) => number | undefined}
 */
function readIpv4(text) {
  return ipaddr.IPv4.isValidFourPartDecimal(text) ? numberOf(ipaddr.IPv4.parse(text)) : undefined;
}

/** @type {(address: import("ipaddr.js").IPv4) => number} */
function numberOf({ octets }) {
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

/**
 * With or without the brackets that it has in a URL.
 * @type {(text: string) => boolean}
 */
function isIpv6(text) {
  return ipaddr.IPv6.isValid(text.replace(/^\[(.*)\]$/, "$1"));
}

/** @type {(network: Network) => string} */
function formatNetwork(network) {
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(network.first / 2 ** shift) % 256);
  return `${octets.join(".")}/${network.prefix}`;
}

module.exports = { contains, formatNetwork, isIpv6, isWithin, networkOf, numberOf, overlap, readIpv4, sizeOf };
