import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../src/plan/cluster-plan";

const SUBNET = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/hub/subnets/nodes";

/** As much of a plan as is looked at: a private machine in each network. */
function planOf(subnetIds: readonly string[], subnetId: string, publicIp = false): ClusterPlan {
  const networks = [
    { kind: "aws", name: "a", region: "eu-central-1", sshCidrs: [], vpc: { kind: "existing", vpcId: "vpc-1", subnetIds } },
    { kind: "azure", name: "z", region: "westeurope", sshCidrs: [], vnet: { kind: "existing", subnetId } },
  ];
  return { networks, nodes: networks.map(({ kind, name }) => ({ kind, network: name, publicIp })) } as unknown as ClusterPlan;
}

describe("the way out of existing networks", () => {
  let refuse: (plan: ClusterPlan) => Promise<void>;
  let calls: string[] = [];

  before(async () => {
    const routes = (target: object) => ({ routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: "", natGatewayId: "", ...target }] });
    await pulumi.runtime.setMocks({
      newResource: () => ({ id: "", state: {} }),
      call: ({ token, inputs }) => {
        const given = inputs as Record<string, string>;
        calls.push(token);
        if (token === "azure-native:network:getSubnet") return given["subnetName"] === "nodes" ? { natGateway: { id: "nat" } } : {};
        if (given["subnetId"] === "subnet-nat") return routes({ natGatewayId: "nat-1" });
        if (given["subnetId"] === "subnet-open") return routes({ gatewayId: "igw-1" });
        if (given["subnetId"] === "subnet-shut") return { routes: [] };
        if (given["vpcId"] === "vpc-1") return routes({ natGatewayId: "nat-2" });
        throw new Error(`no such thing: ${JSON.stringify(given)}`);
      },
    });
    const loaded = (await import("../../src/nodes/check-egress.js")) as { refuseMissingEgress: typeof refuse };
    refuse = loaded.refuseMissingEgress;
  });

  it("is there with a NAT, also where a subnet follows its VPC's main route table", async () => {
    await refuse(planOf(["subnet-nat", "subnet-of-main-table"], SUBNET));
  });

  it("is asked for private machines only", async () => {
    calls = [];
    await refuse(planOf(["subnet-shut"], SUBNET, true));
    assert.deepEqual(calls, []);
  });

  it("is missed in one message with all subnets and remedies, before anything is made", async () => {
    await assert.rejects(refuse(planOf(["subnet-open", "subnet-shut"], SUBNET.replace(/nodes$/, "other"))), (error: Error) => {
      assert.ok(error instanceof pulumi.RunError);
      assert.equal(
        error.message,
        [
          "Machines with publicIp: false need a way out of their network, and nothing was made:",
          "- networks.aws.eu-central-1: subnet subnet-open sends 0.0.0.0/0 to the internet gateway igw-1, which serves public addresses only; route it through a NAT gateway",
          "- networks.aws.eu-central-1: subnet subnet-shut has no route to 0.0.0.0/0; add one through a NAT gateway",
          `- networks.azure.westeurope: subnet ${SUBNET.replace(/nodes$/, "other")} has neither a NAT gateway nor a route table; give it a NAT gateway`,
        ].join("\n"),
      );
      return true;
    });
  });
});
