import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatNetwork, isWithin, type Network, overlap, readCidr } from "../../src/config/values/cidr";
import { findRegion, regionsOf } from "../../src/catalog/regions";
import { awsSubnet, azureSubnet, networkSizes, subnetCapacity } from "../../src/catalog/subnet-layout";

function network(text: string): Network {
  const cidr = readCidr(text);
  return cidr.kind === "network" ? cidr.network : assert.fail(text);
}

const awsRegion = (name: string) => findRegion("aws", name) ?? assert.fail(name);
const rangesIn = (name: string, cidr: string, isPublic: boolean) =>
  awsRegion(name).zones.map((zone) => `${zone.slice(-1)} ${formatNetwork(awsSubnet(network(cidr), awsRegion(name), zone, isPublic))}`);

describe("the subnets of a network", () => {
  it("are eighths for each of four zones, public ones first", () => {
    assert.deepEqual(rangesIn("us-west-2", "10.9.0.0/20", true), ["a 10.9.0.0/23", "b 10.9.2.0/23", "c 10.9.4.0/23", "d 10.9.6.0/23"]);
    assert.deepEqual(rangesIn("us-west-2", "10.9.0.0/20", false), ["a 10.9.8.0/23", "b 10.9.10.0/23", "c 10.9.12.0/23", "d 10.9.14.0/23"]);
  });

  it("halve the private ones where a region has more, and leave the four public ones as they are", () => {
    assert.deepEqual(rangesIn("us-east-1", "10.9.0.0/20", true), [
      ...["a 10.9.0.0/23", "b 10.9.2.0/23", "c 10.9.4.0/23", "d 10.9.6.0/23"],
      ...["e 10.9.14.0/24", "f 10.9.15.0/24"],
    ]);
    assert.deepEqual(rangesIn("us-east-1", "10.9.0.0/20", false), [
      ...["a 10.9.8.0/24", "b 10.9.9.0/24", "c 10.9.10.0/24", "d 10.9.11.0/24", "e 10.9.12.0/24", "f 10.9.13.0/24"],
    ]);
  });

  it("lie within the network and apart, all zones of each region together, however large it is", () => {
    for (const region of regionsOf("aws")) {
      for (let prefix = networkSizes.from; prefix <= networkSizes.to; prefix++) {
        const whole = network(`10.0.0.0/${prefix}`);
        const parts = region.zones.flatMap((zone) => [true, false].map((isPublic) => awsSubnet(whole, region, zone, isPublic)));
        for (const part of parts) assert.ok(isWithin(part, whole) && part.prefix <= 28, `${region.name} ${formatNetwork(part)}`);
        parts.forEach((a, i) => parts.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b), `${region.name} ${formatNetwork(a)}`)));
      }
    }
  });

  it("have places for no more than six zones, and only us-east-1 has more than four: another one would move its private subnets", () => {
    const many = regionsOf("aws").filter(({ zones }) => zones.length > 4);
    assert.deepEqual(
      many.map(({ name, zones }) => [name, zones.length]),
      [["us-east-1", 6]],
    );
  });

  it("are halves in Azure", () => {
    assert.deepEqual(
      [true, false].map((isPublic) => formatNetwork(azureSubnet(network("10.9.0.0/20"), isPublic))),
      ["10.9.0.0/21", "10.9.8.0/21"],
    );
  });

  it("hold all addresses but the five that the clouds keep", () => {
    assert.equal(subnetCapacity(network("10.9.0.0/24")), 251);
  });
});
