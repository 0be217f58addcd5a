import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudPools, faultsOf, type Overrides } from "../../helpers/config-builder";

const remedy = "Write a network that nothing else uses, a /16 to a /22.";
const aws = "hybrid-k3s:networks.aws.eu-central-1.cidr";
const azure = "hybrid-k3s:networks.azure.westeurope.cidr";
const withCidr = (cidr: string, more: Overrides = {}) =>
  faultsOf({ ...cloudPools({ count: 1 }), networks: { aws: { "eu-central-1": { cidr } } }, ...more });

describe("the rules for networks that overlap", () => {
  it("refuses a network within podCidr, serviceCidr or the tailnet's addresses", () => {
    assert.deepEqual(withCidr("10.42.16.0/20"), [`${aws}: "10.42.16.0/20" overlaps cluster.podCidr, 10.42.0.0/16. ${remedy}`]);
    assert.deepEqual(withCidr("10.43.16.0/20"), [`${aws}: "10.43.16.0/20" overlaps cluster.serviceCidr, 10.43.0.0/16. ${remedy}`]);
    assert.deepEqual(withCidr("100.65.0.0/16"), [`${aws}: "100.65.0.0/16" overlaps the tailnet's own addresses, 100.64.0.0/10. ${remedy}`]);
  });

  it("refuses a default network that the cluster's own overlaps, once a node would stand in it", () => {
    const pods = { "cluster.podCidr": "172.16.0.0/13" };
    assert.deepEqual(faultsOf({ ...cloudPools({ count: 1 }), ...pods }), [
      `${aws}: is missing, and the default, "172.16.128.0/20", overlaps cluster.podCidr, 172.16.0.0/13. ${remedy}`,
    ]);
    assert.deepEqual(faultsOf({ ...cloudPools({}), ...pods }), []);
  });

  it("refuses two networks that overlap, across the clouds", () => {
    const networks = { aws: { "eu-central-1": { cidr: "10.9.0.0/16" } }, azure: { westeurope: { cidr: "10.9.16.0/20" } } };
    assert.deepEqual(faultsOf({ ...cloudPools({}), networks }), [
      `${azure}: "10.9.16.0/20" overlaps the network of ${aws}, 10.9.0.0/16. ${remedy}`,
    ]);
  });

  it("blames the written one of two, and says it once", () => {
    assert.deepEqual(withCidr("172.27.48.0/22", { "pools.burst-az.count": 1 }), [
      `${aws}: "172.27.48.0/22" overlaps the network of ${azure}, 172.27.48.0/20. ${remedy}`,
    ]);
  });

  it("refuses a network that holds a host's address", () => {
    assert.deepEqual(withCidr("192.0.0.0/22", { "pools.rack.hosts[0].address": "192.0.2.10" }), [
      `${aws}: "192.0.0.0/22" holds the address of hybrid-k3s:pools.rack.hosts[0], 192.0.2.10. ${remedy}`,
    ]);
  });

  it("lets existing networks be, whose addresses it does not know", () => {
    const networks = { aws: { "eu-central-1": { vpcId: "vpc-0123456789abcdef0", subnetIds: ["subnet-0123456789abcdef0"] } } };
    assert.deepEqual(faultsOf({ ...cloudPools({ count: 1 }), networks, "cluster.podCidr": "172.16.0.0/13" }), []);
  });
});
