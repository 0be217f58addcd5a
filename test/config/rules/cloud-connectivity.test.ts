import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudPools, faultsOf, hostKey, privateKey, warningsOf } from "../../helpers/config-builder";

const bastion = { address: "203.0.113.9", user: "jump", hostKey: hostKey(9) };
const withNat = { networks: { aws: { "eu-central-1": { natGateway: true } }, azure: { westeurope: { natGateway: true } } } };

describe("the rules for the ways to and from cloud machines", () => {
  it("refuses machines that nothing leads to, in pools without nodes too", () => {
    assert.deepEqual(faultsOf({ ...cloudPools({ publicIp: false }), networks: { aws: withNat.networks.aws } }), [
      "hybrid-k3s:pools.burst.publicIp: is false, and nothing says how its machines are reached. Give the pool a `bastion`, or write reachableBy: private if the machine that runs pulumi has a route to them.",
    ]);
  });

  it("refuses machines that could not reach out", () => {
    assert.deepEqual(faultsOf(cloudPools({ publicIp: false, bastion }, { publicIp: false, reachableBy: "private" })), [
      "hybrid-k3s:pools.burst.publicIp: is false, and the network that the stack makes in eu-central-1 has no NAT gateway, so its machines could not reach out. Set networks.aws.eu-central-1.natGateway: true, or name a network there that has a way out.",
      "hybrid-k3s:pools.burst-az.publicIp: is false, and the network that the stack makes in westeurope has no NAT gateway, so its machines could not reach out. Set networks.azure.westeurope.natGateway: true, or name a network there that has a way out.",
    ]);
  });

  it("accepts a bastion or a route, with a way out made or there already", () => {
    const hidden = cloudPools({ publicIp: false, bastion, count: 1 }, { publicIp: false, reachableBy: "private", count: 1 });
    assert.deepEqual(faultsOf({ ...hidden, ...withNat }), []);
    const networks = {
      aws: { "eu-central-1": { vpcId: "vpc-0123456789abcdef0", subnetIds: ["subnet-0123456789abcdef0"] } },
      azure: { westeurope: { subnetId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/a" } },
    };
    assert.deepEqual(faultsOf({ ...hidden, networks }), []);
  });

  it("refuses a route to machines with public addresses", () => {
    assert.deepEqual(faultsOf(cloudPools({ reachableBy: "private" }, { reachableBy: "vpn" })), [
      'hybrid-k3s:pools.burst-az.reachableBy: "vpn" is not known. Write private.',
      "hybrid-k3s:pools.burst.reachableBy: is private, and the machines have public addresses. Remove it, or write publicIp: false.",
    ]);
  });

  it("checks a cloud pool's bastion as any other", () => {
    assert.deepEqual(faultsOf(cloudPools({ bastion: { ...bastion, port: 0 } })), [
      "hybrid-k3s:pools.burst.bastion.port: 0 is no TCP port. Write a number from 1 to 65535, or leave it out for 22.",
    ]);
    const own = { ...cloudPools({ bastion }), "pools.edge.bastion": undefined, bastionPrivateKey: privateKey };
    assert.deepEqual(warningsOf(own), []);
  });
});
