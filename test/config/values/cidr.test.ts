import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { contains, formatNetwork, isWithin, networkOf, overlap, readCidr, sizeOf } from "../../../src/config/values/cidr";

const network = fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(32)).map(([address, prefix]) => networkOf(address, prefix));

describe("cidr", () => {
  it("reads what it writes", () => {
    fc.assert(
      fc.property(network, (given) => {
        assert.deepEqual(readCidr(formatNetwork(given)), { kind: "network", network: given });
      }),
    );
  });

  it("agrees with ipaddr.js on what is within what", () => {
    fc.assert(
      fc.property(network, fc.nat(2 ** 32 - 1), (given, address) => {
        const text = formatNetwork(networkOf(address, 32)).replace("/32", "");
        assert.equal(contains(given, address), ipaddr.parse(text).match(ipaddr.parseCIDR(formatNetwork(given))));
      }),
    );
  });

  it("calls networks overlapping from both sides, and exactly where one holds the other's first address", () => {
    fc.assert(
      fc.property(network, network, (a, b) => {
        assert.equal(overlap(a, b), contains(a, b.first) || contains(b, a.first));
        assert.equal(overlap(a, b), overlap(b, a));
      }),
    );
  });

  it("calls a network within another where its first and its last address are", () => {
    fc.assert(
      fc.property(network, network, (inner, outer) => {
        const ends = [inner.first, inner.first + sizeOf(inner.prefix) - 1];
        assert.equal(
          isWithin(inner, outer),
          ends.every((address) => contains(outer, address)),
        );
      }),
    );
  });

  it("tells malformed, IPv6 and host addresses apart", () => {
    const kinds = [
      "10.42.0.0",
      "10.42.0.0/33",
      "10.42.0/16",
      "010.1.0.0/16",
      "10.42.0.0/16/8",
      "x/8",
      "fd00::/48",
      "10.42.0.1/16",
      "0.0.0.0/0",
    ].map((text) => readCidr(text).kind);
    assert.deepEqual(kinds, ["malformed", "malformed", "malformed", "malformed", "malformed", "malformed", "ipv6", "host-bits", "network"]);
  });
});
