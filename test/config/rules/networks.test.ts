import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { azurePool, cloudPools, faultsOf, type Overrides, warningsOf } from "../../helpers/config-builder";

const ofAws = (network: unknown, more: Overrides = {}) =>
  faultsOf({ ...cloudPools({ count: 1 }), networks: { aws: { "eu-central-1": network } }, ...more });
const ofAzure = (network: unknown, more: Overrides = {}) =>
  faultsOf({ ...cloudPools({}, { count: 1 }), networks: { azure: { westeurope: network } }, ...more });
const vpcId = "vpc-0123456789abcdef0";
const subnetIds = ["subnet-0123456789abcdef0"];
const subnetId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/a";
const aws = "hybrid-k3s:networks.aws.eu-central-1";
const azure = "hybrid-k3s:networks.azure.westeurope";

describe("the rules for networks of cloud regions", () => {
  it("accepts no entry, an empty one, a network to make and an existing one", () => {
    for (const network of [{}, { cidr: "10.9.0.0/16", natGateway: true }, { vpcId, subnetIds }]) assert.deepEqual(ofAws(network), []);
    assert.deepEqual(faultsOf(cloudPools({ count: 1 }, { count: 1 })), []);
    for (const network of [{}, { cidr: "10.9.0.0/22" }, { subnetId }]) assert.deepEqual(ofAzure(network), []);
  });

  it("refuses what is no network", () => {
    assert.deepEqual(ofAws({ cidr: "10.9.0.0" }), [
      `${aws}.cidr: "10.9.0.0" is no IPv4 network. Write an address, a slash and a prefix length, for example 172.16.0.0/20.`,
    ]);
  });

  it("refuses networks too large or too small", () => {
    const remedy = "Take a /16 to a /22: each zone takes its own part of it.";
    assert.deepEqual(ofAws({ cidr: "10.8.0.0/15" }), [`${aws}.cidr: "10.8.0.0/15" is too large. ${remedy}`]);
    assert.deepEqual(ofAzure({ cidr: "10.9.0.0/24" }), [`${azure}.cidr: "10.9.0.0/24" is too small. ${remedy}`]);
  });

  it("refuses ranges with a meaning of their own", () => {
    assert.deepEqual(ofAws({ cidr: "169.254.0.0/16" }), [
      `${aws}.cidr: "169.254.0.0/16" overlaps 169.254.0.0/16: link-local addresses, the clouds' metadata services among them. Take a private network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.`,
    ]);
    assert.deepEqual(ofAzure({ cidr: "168.63.128.0/20" }), [
      `${azure}.cidr: "168.63.128.0/20" overlaps 168.63.129.16/32: Azure's own host, which every machine there needs. Take a private network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.`,
    ]);
  });

  it("warns of public addresses, which the clouds take, and which may be the user's own", () => {
    const cidr = "198.51.0.0/16";
    const settings = { ...cloudPools({ count: 1 }, { count: 1 }), networks: { aws: { "eu-central-1": { cidr } } } };
    assert.deepEqual(faultsOf(settings), []);
    assert.deepEqual(warningsOf(settings), [
      `${aws}.cidr: "198.51.0.0/16" is not private address space, and nodes cannot reach anybody else's machines there. Unless these addresses are yours, take a network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.`,
    ]);
  });

  it("refuses settings of a network to make beside ids", () => {
    assert.deepEqual(ofAws({ vpcId, subnetIds, natGateway: true, cidr: "10.9.0.0/20" }), [
      `${aws}.cidr: is for a network that the stack makes, and this one is there already. Remove it, or remove vpcId and subnetIds.`,
      `${aws}.natGateway: is for a network that the stack makes, and this one is there already. Remove it, or remove vpcId and subnetIds.`,
    ]);
    assert.deepEqual(ofAzure({ subnetId, natGateway: true }), [
      `${azure}.natGateway: is for a network that the stack makes, and this one is there already. Remove it, or remove subnetId.`,
    ]);
  });

  it("asks for the VPC and its subnets together", () => {
    const remedy = "An existing VPC is named by its vpcId and the subnetIds that nodes may stand in.";
    assert.deepEqual(ofAws({ vpcId }), [`${aws}.subnetIds: is missing beside vpcId. ${remedy}`]);
    assert.deepEqual(ofAws({ subnetIds }), [`${aws}.vpcId: is missing beside subnetIds. ${remedy}`]);
    assert.deepEqual(ofAws({ vpcId, subnetIds: [] }), [`${aws}.subnetIds: is empty. Name the subnets that nodes may stand in.`]);
  });

  it("refuses malformed ids", () => {
    assert.deepEqual(ofAws({ vpcId: "my-vpc", subnetIds: ["subnet-1"] }), [
      `${aws}.vpcId: "my-vpc" is no id of a VPC. Write it as AWS does, for example vpc-0123456789abcdef0.`,
      `${aws}.subnetIds[0]: "subnet-1" is no id of a subnet. Write it as AWS does, for example subnet-0123456789abcdef0.`,
    ]);
    assert.deepEqual(ofAzure({ subnetId: "default" }), [
      `${azure}.subnetId: "default" is no id of a VNet's subnet. Write what \`az network vnet subnet show --query id\` prints: it starts with /subscriptions/.`,
    ]);
  });

  it("has a place for every zone of a region", () => {
    const zones = ["a", "b", "c", "d", "e", "f"].map((letter) => `us-east-1${letter}`);
    assert.deepEqual(faultsOf(cloudPools({ count: 1, region: "us-east-1", zones })), []);
  });

  it("refuses more machines than a subnet holds", () => {
    const many = { "cluster.podCidr": "10.128.0.0/14" };
    assert.deepEqual(ofAws({ cidr: "10.9.0.0/22" }, { ...many, "pools.burst.count": 400 }), [
      `${aws}.cidr: is too small for the pools (134 machines in the public subnet of eu-central-1a, which holds 123; 133 machines in the public subnet of eu-central-1b, which holds 123; 133 machines in the public subnet of eu-central-1c, which holds 123). Take a larger one, up to a /16, or spread the pools over more zones or regions.`,
    ]);
    assert.deepEqual(faultsOf({ ...many, ...cloudPools({ count: 300, region: "us-east-1", zones: ["us-east-1a", "us-east-1e"] }) }), []);
    assert.deepEqual(faultsOf({ ...many, ...cloudPools({ count: 300, region: "us-east-1", zones: ["us-east-1e"] }) }), [
      "hybrid-k3s:networks.aws.us-east-1.cidr: is too small for the pools (300 machines in the public subnet of us-east-1e, which holds 251). Write a larger one, up to a /16, or spread the pools over more zones or regions.",
    ]);
    const second = { "pools.burst-az.count": 300, "pools.more": { ...azurePool, count: 300 } };
    assert.deepEqual(ofAzure({ cidr: "10.9.0.0/22" }, { ...many, ...second }), [
      `${azure}.cidr: is too small for the pools (600 machines in the public subnet, which holds 507). Take a larger one, up to a /16, or spread the pools over more zones or regions.`,
    ]);
    assert.deepEqual(ofAzure({ cidr: "10.9.0.0/23" }, { ...many, "pools.burst-az.count": 500 }).slice(1), []);
    assert.deepEqual(ofAws({}, { ...many, "pools.burst.count": 500, "pools.burst.zones": ["eu-central-1a"] }), []);
  });

  it("counts the machines of each zone that are left when others are taken out", () => {
    const indices = (count: number, step: number) => Array.from({ length: count }, (_, index) => index * step);
    // The even ones stood in the first of two zones: all that are left are in the second.
    const twoZones = {
      "pools.burst.count": 260,
      "pools.burst.zones": ["eu-central-1a", "eu-central-1b"],
      "cluster.podCidr": "10.128.0.0/14",
    };
    assert.deepEqual(ofAws({ cidr: "10.9.0.0/22" }, { ...twoZones, "pools.burst.remove": indices(130, 2) }), [
      `${aws}.cidr: is too small for the pools (130 machines in the public subnet of eu-central-1b, which holds 123). Take a larger one, up to a /16, or spread the pools over more zones or regions.`,
    ]);
    // Twice, beyond the count or below 0 takes nothing more away.
    const less = [...indices(20, 1), ...indices(20, 1), 260, 1000];
    assert.deepEqual(ofAws({ cidr: "10.9.0.0/22" }, { ...twoZones, "pools.burst.remove": less }), []);
    assert.equal(ofAws({ cidr: "10.9.0.0/22" }, { ...twoZones, "pools.burst.remove": less.slice(0, 10) }).length, 1);
  });

  it("warns of networks that no pool is in", () => {
    assert.deepEqual(warningsOf({ ...cloudPools({}), networks: { aws: { "eu-west-1": {}, "eu-central-1": {} } } }), [
      "hybrid-k3s:networks.aws.eu-west-1: no pool of aws is in eu-west-1, so it is not used.",
    ]);
  });

  it("refuses unknown settings, and other providers' ids", () => {
    assert.deepEqual(ofAws({ subnetId, natGatway: true }), [
      `${aws}.subnetId: is not a known setting. Did you mean subnetIds?`,
      `${aws}.natGatway: is not a known setting. Did you mean natGateway?`,
    ]);
    assert.deepEqual(faultsOf({ networks: { gcp: {} } }), [
      "hybrid-k3s:networks.gcp: is not a known setting. Remove it; known here are aws and azure.",
    ]);
  });
});
