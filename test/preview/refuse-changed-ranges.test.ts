import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../src/plan/cluster-plan";

const OUTPUTS = "pulumi:pulumi:readStackOutputs";
const RESOURCES = "pulumi:pulumi:readStackResourceOutputs";
const urn = (type: string, name: string) => `urn:pulumi:dev::hybrid-k3s::hybrid-k3s:cluster:HybridCluster$${type}::${name}`;
const existing = { kind: "existing", vpcId: "vpc-1", subnetIds: [] };

/** As much of a plan as is looked at. */
function planOf(networks: readonly object[]): ClusterPlan {
  return { networks, nodes: [] } as unknown as ClusterPlan;
}
const aws = (region: string, cidr: string) => ({ kind: "aws", name: `edge-aws-${region}`, region, vpc: { kind: "made", cidr } });
const azure = (region: string, cidr: string) => ({ kind: "azure", name: `edge-azure-${region}`, region, vnet: { kind: "made", cidr } });

describe("the ranges of networks that stand", () => {
  let refuse: (plan: ClusterPlan) => Promise<void>;
  let asked: string[] = [];

  before(async () => {
    const mocks: pulumi.runtime.Mocks = {
      newResource: () => ({ id: "", state: {} }),
      call: ({ token, inputs }) => {
        asked.push(`${token} ${JSON.stringify(inputs)}`);
        if (token === OUTPUTS) {
          const networks = [
            { provider: "aws", region: "eu-central-1", cidr: "10.1.0.0/20", existing: [] },
            { provider: "aws", region: "eu-west-3", cidr: "10.5.0.0/20", existing: [] },
          ];
          return { outputs: { networks } };
        }
        const state = (type: string, name: string, outputs: object) => [urn(type, name), { type, outputs }] as const;
        return {
          outputs: Object.fromEntries([
            state("aws:ec2/vpc:Vpc", "edge-aws-eu-central-1-vpc", { cidrBlock: "10.1.0.0/20" }),
            state("aws:ec2/subnet:Subnet", "edge-aws-eu-west-1-vpc", { cidrBlock: "10.9.0.0/24" }),
            state("aws:ec2/vpc:Vpc", "edge-aws-eu-west-1-vpc", { cidrBlock: "10.2.0.0/20" }),
            state("azure-native:network:VirtualNetwork", "edge-azure-westeurope-vnet", {
              addressSpace: { addressPrefixes: ["10.3.0.0/20"] },
            }),
          ]),
        };
      },
    };
    await pulumi.runtime.setMocks(mocks, "hybrid-k3s", "dev", true, "organization");
    const loaded = (await import("../../src/preview/refuse-changed-ranges.js")) as { refuseChangedRanges: typeof refuse };
    refuse = loaded.refuseChangedRanges;
  });

  it("are not asked for where the stack makes no network", async () => {
    await refuse(planOf([]));
    await refuse(planOf([{ ...aws("eu-central-1", ""), vpc: existing }]));
    assert.deepEqual(asked, []);
  });

  it("are taken from the last run's outputs alone where these name them as they are to be", async () => {
    await refuse(planOf([aws("eu-central-1", "10.1.0.0/20"), aws("eu-west-3", "10.5.0.0/20")]));
    assert.deepEqual(asked, [`${OUTPUTS} {"name":"organization/hybrid-k3s/dev"}`]);
  });

  it("may not change, and the message has all that would", async () => {
    asked = [];
    const plan = planOf([aws("eu-central-1", "10.8.0.0/20"), aws("eu-west-1", "10.8.16.0/20"), azure("westeurope", "10.8.32.0/20")]);
    await assert.rejects(refuse(plan), (error: Error) => {
      assert.ok(error instanceof pulumi.RunError);
      const [first, ...faults] = error.message.split("\n");
      assert.equal(first, "The range of a network cannot change while it stands, and nothing was made:");
      assert.deepEqual(
        faults.map((fault) => fault.slice(0, fault.indexOf(". "))),
        [
          "- hybrid-k3s:networks.aws.eu-central-1.cidr: the network stands with 10.1.0.0/20, and the config says 10.8.0.0/20",
          "- hybrid-k3s:networks.aws.eu-west-1.cidr: the network stands with 10.2.0.0/20, and the config says 10.8.16.0/20",
          "- hybrid-k3s:networks.azure.westeurope.cidr: the network stands with 10.3.0.0/20, and the config says 10.8.32.0/20",
        ],
      );
      return true;
    });
    assert.deepEqual(asked, [`${RESOURCES} {"stackName":"organization/hybrid-k3s/dev"}`]);
  });

  it("are free where the state holds no such network, whatever the outputs say", async () => {
    await refuse(planOf([aws("eu-west-3", "10.8.0.0/20")]));
    await refuse(planOf([aws("us-east-1", "10.8.0.0/20"), azure("northeurope", "10.8.16.0/20")]));
  });
});
