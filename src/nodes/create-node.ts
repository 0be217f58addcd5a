import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { NodePlan } from "../plan/cluster-plan";
import { AwsNode } from "./aws/aws-node";
import { AzureNode } from "./azure/azure-node";
import { BareMetalNode } from "./bare-metal-node";
import type { Networks } from "./networks";
import type { JoinedNode } from "./node";

/** The component for a node's kind. A new kind joins the union NodePlan and this switch. */
export function createNode(
  plan: NodePlan,
  context: ClusterContext,
  networks: Networks,
  opts: pulumi.ComponentResourceOptions,
  agentToken?: pulumi.Input<string>,
): JoinedNode & pulumi.ComponentResource {
  const cloud = { context, ...(agentToken !== undefined && { agentToken }) };
  switch (plan.kind) {
    case "bare-metal":
      return new BareMetalNode(plan.name, { plan, context }, opts);
    case "aws":
      return new AwsNode(plan.name, { ...cloud, plan, network: networks.aws(plan.network) }, opts);
    case "azure":
      return new AzureNode(plan.name, { ...cloud, plan, network: networks.azure(plan.network) }, opts);
  }
}
