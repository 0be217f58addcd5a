import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { changedRanges } from "../../src/plan/changed-ranges";
import { planCluster } from "../../src/plan/plan-cluster";
import { awsPool, cloudPools, configWith, type Overrides } from "../helpers/config-builder";
import { sshPublicKey } from "./arbitrary-config";

const standing = new Map([
  ["edge-aws-eu-central-1", "172.16.128.0/20"],
  ["edge-azure-westeurope", "172.27.48.0/20"],
]);
const changesWith = (overrides: Overrides, before = standing) =>
  changedRanges(planCluster(configWith(overrides), { mirrorCaPem: "", warnings: [], sshPublicKey }), before);
const vpc = { vpcId: "vpc-0123456789abcdef0", subnetIds: ["subnet-0123456789abcdef0"] };
const both = cloudPools({ count: 1 }, { count: 1 });
const other = { aws: { "eu-central-1": { cidr: "10.9.0.0/20" } }, azure: { westeurope: { cidr: "10.10.0.0/20" } } };

describe("changedRanges", () => {
  it("tells another range with what stands, what is written and how to get there, for each network", () => {
    assert.deepEqual(changesWith({ ...both, networks: other, "pools.more": { ...awsPool, count: 1 } }), [
      "hybrid-k3s:networks.aws.eu-central-1.cidr: the network stands with 172.16.128.0/20, and the config says 10.9.0.0/20. Write 172.16.128.0/20 to keep it; to change it, set hybrid-k3s:pools.burst.count and hybrid-k3s:pools.more.count to 0, run `pulumi up`, then change the range and raise them again.",
      "hybrid-k3s:networks.azure.westeurope.cidr: the network stands with 172.27.48.0/20, and the config says 10.10.0.0/20. Write 172.27.48.0/20 to keep it; to change it, set hybrid-k3s:pools.burst-az.count to 0, run `pulumi up`, then change the range and raise it again.",
    ]);
  });

  it("tells a range that goes back to the default, too", () => {
    assert.equal(changesWith(both, new Map([["edge-aws-eu-central-1", "10.9.0.0/20"]])).length, 1);
  });

  it("sends a cluster whose server stands there to destroy", () => {
    const server = { ...awsPool, role: "server", count: 1 };
    const [fault] = changesWith({ "pools.rack": server, "access.allowedCidrs": ["203.0.113.7/32"], networks: other });
    assert.match(fault ?? "", /the cluster's server is among its nodes, so only `pulumi destroy` makes room for another range\.$/);
  });

  it("lets stand what stays, and what merely gives nodes other machines", () => {
    const fine: readonly Overrides[] = [
      both,
      // The default, written out.
      { ...both, networks: { aws: { "eu-central-1": { cidr: "172.16.128.0/20" } } } },
      { ...both, networks: { aws: { "eu-central-1": { natGateway: true } }, azure: { westeurope: { natGateway: true } } } },
      { ...both, networks: { aws: { "eu-central-1": vpc } } },
      // Another region has a network of its own, and the old one goes.
      { ...cloudPools({ count: 1, region: "eu-west-1" }, { count: 1, region: "northeurope" }) },
      // Nobody stands there any more.
      { ...cloudPools({}, {}), networks: other },
    ];
    for (const overrides of fine) assert.deepEqual(changesWith(overrides), [], JSON.stringify(overrides));
  });

  it("lets a network be made where none stood, and where an existing one was used", () => {
    assert.deepEqual(changesWith({ ...both, networks: other }, new Map()), []);
    assert.deepEqual(changesWith({ ...both, networks: other }, new Map([["edge-aws-eu-central-1", ""]])), []);
  });
});
