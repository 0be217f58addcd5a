import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudPools, faultsOf, warningsOf } from "../../helpers/config-builder";

const tooLong = "a-name-of-many-characters-that-goes-on-and-on";

describe("the rules for cloud machines", () => {
  it("accepts pools with and without nodes, GPU types and prices among them", () => {
    assert.deepEqual(faultsOf(cloudPools({ count: 0 }, { count: 0 })), []);
    assert.deepEqual(
      faultsOf(
        cloudPools(
          { count: 3, remove: [1], instanceType: "g5g.xlarge", architecture: "arm64", spot: true, spotMaxPrice: 0.2, hourlyPrice: 0.4 },
          { count: 2, vmSize: "Standard_NC4as_T4_v3", image: "ubuntu-24.04", diskGb: 64, zones: ["2"] },
        ),
      ),
      [],
    );
  });

  it("refuses a negative count", () => {
    assert.deepEqual(faultsOf(cloudPools({ count: -1 })), ["hybrid-k3s:pools.burst.count: -1 is negative. Write 0 or more."]);
  });

  it("refuses more nodes than a pool may have", () => {
    assert.deepEqual(faultsOf({ ...cloudPools({ count: 501 }), "cluster.podCidr": "10.128.0.0/14" }), [
      "hybrid-k3s:pools.burst.count: 501 is more than a pool may have. Write at most 500, and make further pools for more.",
    ]);
  });

  it("refuses more nodes than podCidr holds, and names the prefix needed", () => {
    assert.deepEqual(faultsOf(cloudPools({ count: 300 })), [
      'hybrid-k3s:cluster.podCidr: "10.42.0.0/16" holds 256 nodes, and the pools have 303. Take a /15 or larger: each node takes a /24 of it.',
    ]);
    assert.deepEqual(faultsOf({ ...cloudPools({ count: 500 }, { count: 500 }), "cluster.podCidr": "10.128.0.0/14" }), []);
  });

  it("refuses a negative index to remove, and warns of those that take nothing away", () => {
    assert.deepEqual(faultsOf(cloudPools({ count: 3, remove: [1, -1] })), [
      "hybrid-k3s:pools.burst.remove[1]: -1 is negative. Write the number at the end of the node's name.",
    ]);
    assert.deepEqual(warningsOf(cloudPools({ count: 3, remove: [2, 3, 2] })), [
      "hybrid-k3s:pools.burst.remove[1]: 3 takes no node away, because `count` is 3.",
      "hybrid-k3s:pools.burst.remove[2]: 2 stands in this list twice and takes one node away.",
    ]);
  });

  it("refuses what is no instance type or VM size", () => {
    assert.deepEqual(faultsOf(cloudPools({ instanceType: "t3-large" }, { vmSize: "D2s_v5" })), [
      'hybrid-k3s:pools.burst.instanceType: "t3-large" is no EC2 instance type. Write it as the cloud does, for example t3.large.',
      'hybrid-k3s:pools.burst-az.vmSize: "D2s_v5" is no Azure VM size. Write it as the cloud does, for example Standard_D2s_v5.',
    ]);
  });

  it("refuses VM sizes that cannot boot our images", () => {
    assert.deepEqual(faultsOf(cloudPools({}, { vmSize: "Standard_D2_v3", architecture: "amd64" })), [
      'hybrid-k3s:pools.burst-az.vmSize: "Standard_D2_v3" is of the Dv3 series, which boots images of generation 1 alone, and ours are of generation 2. Take a size that boots generation 2, for example Standard_D2s_v3.',
    ]);
  });

  it("refuses a Mac", () => {
    assert.deepEqual(faultsOf(cloudPools({ instanceType: "mac2.metal" })), [
      'hybrid-k3s:pools.burst.instanceType: "mac2.metal" runs macOS alone. Take a type that runs Linux, for example t3.large.',
    ]);
  });

  it("refuses an architecture that the machine does not have", () => {
    assert.deepEqual(faultsOf(cloudPools({ architecture: "arm64" }, { vmSize: "Standard_D2ps_v5", architecture: "amd64" })), [
      'hybrid-k3s:pools.burst.architecture: "arm64" is not what "t3.large" has, which is amd64. Write amd64 or remove it, or take an arm64 instanceType, for example t4g.large.',
      'hybrid-k3s:pools.burst-az.architecture: "amd64" is not what "Standard_D2ps_v5" has, which is arm64. Write arm64 or remove it, or take an amd64 vmSize, for example Standard_D2s_v5.',
    ]);
  });

  it("refuses an unknown image", () => {
    assert.deepEqual(faultsOf(cloudPools({ image: "debian-11" })), [
      'hybrid-k3s:pools.burst.image: "debian-11" is not known. Write debian-12, debian-13, ubuntu-22.04 or ubuntu-24.04.',
    ]);
  });

  it("refuses a disk that the image does not fit on", () => {
    assert.deepEqual(faultsOf(cloudPools({ diskGb: 4 }, { diskGb: 20 })), [
      "hybrid-k3s:pools.burst.diskGb: 4 is no size for a system disk. Write 8 to 4095.",
      "hybrid-k3s:pools.burst-az.diskGb: 20 is no size for a system disk. Write 30 to 4095.",
    ]);
  });

  it("refuses a server that can be taken back", () => {
    assert.deepEqual(faultsOf(cloudPools({ role: "server", spot: true })), [
      "hybrid-k3s:pools.burst.spot: is true for a server, which the cloud could take back at any time. Remove it, or give the pool `role: agent`.",
    ]);
  });

  it("refuses spot machines of a size that Azure has none of", () => {
    assert.deepEqual(faultsOf(cloudPools({}, { vmSize: "Standard_B2s", spot: true })), [
      'hybrid-k3s:pools.burst-az.spot: is true, and Azure has no spot machines of "Standard_B2s". Remove it, or take another size, for example Standard_D2s_v5.',
    ]);
    assert.deepEqual(faultsOf(cloudPools({}, { vmSize: "Standard_B2s" })), []);
  });

  it("refuses a ceiling price without spot", () => {
    assert.deepEqual(faultsOf(cloudPools({ spotMaxPrice: 0.1 })), [
      "hybrid-k3s:pools.burst.spotMaxPrice: is set, and `spot` is not true. Remove it, or set spot: true.",
    ]);
  });

  it("refuses prices that are none", () => {
    assert.deepEqual(faultsOf(cloudPools({ spot: true, spotMaxPrice: 0, hourlyPrice: -1 }, { hourlyPrice: "cheap" })), [
      'hybrid-k3s:pools.burst-az.hourlyPrice: is the text "cheap", where a number is needed. Write a number, for example 0.0957 (US dollars an hour).',
      "hybrid-k3s:pools.burst.spotMaxPrice: 0 is no price. Write US dollars an hour, more than 0, with at most five decimals, or remove it.",
      "hybrid-k3s:pools.burst.hourlyPrice: -1 is no price. Write US dollars an hour, more than 0, with at most five decimals, or remove it.",
    ]);
    assert.equal(faultsOf(cloudPools({ spot: true, spotMaxPrice: 1e-7 })).length, 1);
  });

  it("refuses node names that are too long", () => {
    const faults = faultsOf({
      ...cloudPools({}),
      "cluster.name": tooLong,
      "pools.a-pool-of-many-letters": { ...(cloudPools({})["pools.burst"] as object), count: 10 },
    });
    assert.deepEqual(faults.slice(1), [
      `hybrid-k3s:pools.a-pool-of-many-letters: "${tooLong}-a-pool-of-many-letters-9", the name of its last node, has 70 characters. Shorten the pool's name or the cluster's: a node's name has at most 63.`,
    ]);
  });

  it("refuses a host with the name of a cloud node, also of one that is not there yet", () => {
    assert.deepEqual(faultsOf({ ...cloudPools({}), "pools.rack.hosts[0].name": "edge-burst-az-12" }), [
      'hybrid-k3s:pools.rack.hosts[0].name: "edge-burst-az-12" is a node\'s name of hybrid-k3s:pools.burst-az. Give the host another name.',
    ]);
    assert.deepEqual(faultsOf({ ...cloudPools({}), "pools.rack.hosts[0].name": "edge-burst-x" }), []);
  });

  it("refuses the other provider's settings", () => {
    assert.deepEqual(faultsOf(cloudPools({ vmSize: "Standard_D2s_v5" }, { hosts: [] })), [
      'hybrid-k3s:pools.burst.vmSize: is a setting of azure pools only. Remove it; this pool\'s provider is "aws".',
      'hybrid-k3s:pools.burst-az.hosts: is a setting of bare-metal pools only. Remove it; this pool\'s provider is "azure".',
    ]);
  });

  it("finds a forgotten provider by its settings, and checks the pool by them", () => {
    assert.deepEqual(faultsOf(cloudPools({ provider: undefined, count: -1 }, { provider: "amazon" })), [
      "hybrid-k3s:pools.burst.provider: is missing. Write bare-metal, aws or azure.",
      'hybrid-k3s:pools.burst-az.provider: "amazon" is not known. Write bare-metal, aws or azure.',
      "hybrid-k3s:pools.burst.count: -1 is negative. Write 0 or more.",
    ]);
  });
});
