import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { networkStatuses } from "../../src/plan/network-status";
import { planCluster } from "../../src/plan/plan-cluster";
import { cloudPools, configWith, type Overrides } from "../helpers/config-builder";
import { sshPublicKey } from "./arbitrary-config";

const vpc = { vpcId: "vpc-0123456789abcdef0", subnetIds: ["subnet-0123456789abcdef0"] };
const subnetId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/a";
const statusesWith = (overrides: Overrides) =>
  networkStatuses(planCluster(configWith(overrides), { mirrorCaPem: "", warnings: [], sshPublicKey }));

describe("networkStatuses", () => {
  it("names the range of each network that nodes stand in", () => {
    assert.deepEqual(statusesWith(cloudPools({ count: 1 }, { count: 1 })), [
      { provider: "aws", region: "eu-central-1", cidr: "172.16.128.0/20", existing: [] },
      { provider: "azure", region: "westeurope", cidr: "172.27.48.0/20", existing: [] },
    ]);
  });

  it("names the ids of those that are there already", () => {
    const networks = { aws: { "eu-central-1": vpc }, azure: { westeurope: { subnetId } } };
    assert.deepEqual(statusesWith({ ...cloudPools({ count: 1 }, { count: 1 }), networks }), [
      { provider: "aws", region: "eu-central-1", cidr: "", existing: [vpc.vpcId, ...vpc.subnetIds] },
      { provider: "azure", region: "westeurope", cidr: "", existing: [subnetId] },
    ]);
  });

  it("has no row for a network without a node", () => {
    assert.deepEqual(statusesWith(cloudPools({}, {})), []);
  });
});
