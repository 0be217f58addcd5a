import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../src/plan/cluster-plan";

const SUBNET = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/hub/subnets/";

function planOf(subnetIds: readonly string[], azureSubnet: string): ClusterPlan {
  const networks = [
    { kind: "aws", name: "a", region: "eu-central-1", vpc: { kind: "existing", vpcId: "vpc-1", subnetIds } },
    { kind: "azure", name: "z", region: "westeurope", vnet: { kind: "existing", subnetId: SUBNET + azureSubnet } },
    { kind: "aws", name: "b", region: "eu-west-1", vpc: { kind: "made" } },
    { kind: "azure", name: "y", region: "northeurope", vnet: { kind: "made" } },
  ];
  return { podCidr: "10.42.0.0/16", serviceCidr: "10.43.0.0/16", networks } as unknown as ClusterPlan;
}

describe("the ranges of existing networks", () => {
  let refuse: (plan: ClusterPlan) => Promise<void>;

  before(async () => {
    const aws: Record<string, string> = {
      "subnet-apart": "172.20.1.0/24",
      "subnet-pods": "10.42.8.0/24",
      "subnet-tailnet": "100.64.0.0/24",
    };
    const azure: Record<string, object> = {
      apart: { addressPrefix: "172.21.0.0/24" },
      elsewhere: { id: `${SUBNET.replace("/s/", "/T/")}elsewhere`, addressPrefix: "172.21.0.0/24" },
      same: { id: `${SUBNET.replace("/s/", "/S/")}same`, addressPrefix: "172.21.0.0/24" },
      both: { addressPrefixes: ["172.21.0.0/24", "10.40.0.0/14"] },
    };
    await pulumi.runtime.setMocks({
      newResource: () => ({ id: "", state: {} }),
      call: ({ token, inputs }) => {
        const given = inputs as Record<string, string>;
        const subnet = token.startsWith("aws:") ? aws[given["id"] ?? ""] : azure[given["subnetName"] ?? ""];
        // The engine's own words reach the program as `details` of the gRPC error (sdk/nodejs/runtime/invoke.ts).
        if (subnet === undefined) throw Object.assign(new Error(), { details: `no such subnet: ${JSON.stringify(given)}` });
        return typeof subnet === "string" ? { cidrBlock: subnet } : subnet;
      },
    });
    const loaded = (await import("../../src/nodes/check-existing-ranges.js")) as { refuseOverlappingNetworks: typeof refuse };
    refuse = loaded.refuseOverlappingNetworks;
  });

  const refusalOf = (plan: ClusterPlan): Promise<string> =>
    refuse(plan).then(
      () => assert.fail("it was accepted"),
      (error: unknown) => (pulumi.RunError.isInstance(error) ? error.message : assert.fail(String(error))),
    );

  it("may stand apart from the cluster's", async () => {
    await refuse(planOf(["subnet-apart"], "apart"));
    await refuse(planOf(["subnet-apart"], "same"));
  });

  it("are refused where they overlap one, all in one message", async () => {
    assert.equal(
      await refusalOf(planOf(["subnet-apart", "subnet-pods", "subnet-tailnet"], "both")),
      [
        "Existing networks cannot be used, and nothing was made:",
        "- networks.aws.eu-central-1: subnet subnet-pods spans 10.42.8.0/24, which overlaps cluster.podCidr (10.42.0.0/16); name a subnet apart from it",
        "- networks.aws.eu-central-1: subnet subnet-tailnet spans 100.64.0.0/24, which overlaps the tailnet's addresses (100.64.0.0/10); name a subnet apart from it",
        `- networks.azure.westeurope: subnet ${SUBNET}both spans 172.21.0.0/24, 10.40.0.0/14, which overlaps cluster.podCidr (10.42.0.0/16); name a subnet apart from it`,
        `- networks.azure.westeurope: subnet ${SUBNET}both spans 172.21.0.0/24, 10.40.0.0/14, which overlaps cluster.serviceCidr (10.43.0.0/16); name a subnet apart from it`,
      ].join("\n"),
    );
  });

  it("are asked for, and the cloud's answer told where they cannot be seen", async () => {
    assert.match(
      await refusalOf(planOf(["subnet-gone"], "apart")),
      /- networks\.aws\.eu-central-1: subnet subnet-gone could not be looked at \(.*no such subnet.*\); check its id and the credential/,
    );
  });

  it("are no subnet of the same names in the stack's own subscription", async () => {
    const refusal = await refusalOf(planOf(["subnet-apart"], "elsewhere"));
    assert.match(refusal, /elsewhere could not be looked at \(the stack's subscription is another one, where Azure takes .*: t\); check/);
  });
});
