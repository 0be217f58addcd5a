import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { NodePlan } from "../plan/cluster-plan";
import { AwsNode } from "./aws-node";
import { AzureNode } from "./azure-node";
import { BareMetalNode } from "./bare-metal-node";
import type { Networks } from "../clouds/create-networks";
import type { JoinedNode } from "./node";

export interface NodeSurroundings {
  readonly context: ClusterContext;
  readonly networks: Networks;
  /** What must stand before anything is made for a node: the guards and the VPN. */
  readonly before: readonly pulumi.Resource[];
}

/** The component for a node's kind. A new kind joins the union NodePlan and this switch. */
export function createNode(
  plan: NodePlan,
  { context, networks, before }: NodeSurroundings,
  parent: pulumi.Resource,
  agentToken?: pulumi.Input<string>,
): JoinedNode & pulumi.ComponentResource {
  const opts = { parent, dependsOn: [...before] };
  const cloud = { context, ...(agentToken !== undefined && { agentToken }) };
  switch (plan.kind) {
    case "bare-metal":
      return new BareMetalNode(plan.name, { plan, context, before }, { parent });
    case "aws":
      return new AwsNode(plan.name, { ...cloud, plan, network: networks.aws(plan.network) }, opts);
    case "azure":
      return new AzureNode(plan.name, { ...cloud, plan, network: networks.azure(plan.network) }, opts);
  }
}
