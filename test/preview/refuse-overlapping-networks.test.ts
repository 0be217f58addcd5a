import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../src/plan/cluster-plan";
import { keepWarnings } from "../helpers/kept-warnings";

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
  let warnings: readonly string[] = [];

  before(async () => {
    const aws: Record<string, string> = {
      "subnet-apart": "172.20.1.0/24",
      "subnet-pods": "10.42.8.0/24",
      "subnet-tailnet": "100.64.0.0/24",
      "subnet-of-others": "172.20.2.0/24",
    };
    // As EC2, Azure and the providers put it.
    const failures: Record<string, string> = {
      "subnet-gone": "invoking it: 1 error occurred:\n\t* no matching EC2 Subnet found\n",
      "subnet-nobody": "api error AuthFailure: AWS was not able to validate the provided access credentials",
      "subnet-hidden": "api error UnauthorizedOperation: You are not authorized to perform this operation.",
      "subnet-busy": "api error RequestLimitExceeded: Request limit exceeded.",
      gone: "RESPONSE 404: 404 Not Found\nERROR CODE: ResourceNotFound",
      hidden: "AuthorizationFailed: no authorization to perform subnets/read, or the scope is invalid. Please refresh your credentials.",
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
        const name = given["id"] ?? given["subnetName"] ?? "";
        const subnet = token.startsWith("aws:") ? aws[name] : azure[name];
        // The engine's own words reach the program as `details` of the gRPC error (sdk/nodejs/runtime/invoke.ts).
        if (subnet === undefined) throw Object.assign(new Error(), { details: failures[name] });
        return typeof subnet === "string" ? { cidrBlock: subnet, vpcId: name === "subnet-of-others" ? "vpc-2" : "vpc-1" } : subnet;
      },
    });
    const loaded = (await import("../../src/preview/refuse-overlapping-networks.js")) as { refuseOverlappingNetworks: typeof refuse };
    refuse = loaded.refuseOverlappingNetworks;
  });

  beforeEach(() => (warnings = keepWarnings()));

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

  it("are refused where there is no such subnet, where another VPC has it, or where the cloud does not know the credential", async () => {
    const [, ...faults] = (await refusalOf(planOf(["subnet-gone", "subnet-of-others", "subnet-nobody"], "gone"))).split("\n");
    const expected = [
      /aws\.eu-central-1: subnet subnet-gone cannot be used \(.*no matching EC2 Subnet found\); check its id and the credential$/,
      /subnet subnet-of-others cannot be used \(it is in vpc-2, not in vpc-1\); check/,
      /subnet subnet-nobody cannot be used \(.*AuthFailure/,
      /azure\.westeurope: subnet .*gone cannot be used \(.*ERROR CODE: ResourceNotFound\); check/,
    ];
    assert.equal(faults.length, expected.length);
    for (const [index, pattern] of expected.entries()) assert.match(faults[index] ?? "", pattern);
    assert.deepEqual(warnings, []);
  });

  it("are told of, not refused, where the credential may not look or the cloud has no time", async () => {
    await refuse(planOf(["subnet-apart", "subnet-hidden", "subnet-busy"], "hidden"));
    const apart =
      "see that it is apart from cluster.podCidr (10.42.0.0/16), cluster.serviceCidr (10.43.0.0/16), the tailnet's addresses (100.64.0.0/10)";
    assert.equal(warnings.length, 3);
    const [first = "", second = "", third = ""] = warnings;
    assert.match(first, /^networks\.aws\.eu-central-1: subnet subnet-hidden could not be looked at \(.*UnauthorizedOperation/);
    assert.match(second, /subnet-busy could not be looked at \(.*RequestLimitExceeded/);
    assert.match(third, /^networks\.azure\.westeurope: subnet .*hidden could not be looked at \(.*AuthorizationFailed/);
    for (const warning of warnings) assert.ok(warning.endsWith(apart), warning);
  });

  it("are no subnet of the same names in the stack's own subscription", async () => {
    const refusal = await refusalOf(planOf(["subnet-apart"], "elsewhere"));
    assert.match(refusal, /elsewhere cannot be used \(the stack's subscription is another one, where Azure takes .*: t\); check/);
  });
});
