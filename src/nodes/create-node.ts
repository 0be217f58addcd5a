import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { NodePlan } from "../plan/cluster-plan";
import { BareMetalNode } from "./bare-metal-node";
import type { JoinedNode } from "./node";

/** The component for a node's kind. A new kind joins the union NodePlan and this switch. */
export function createNode(
  plan: NodePlan,
  context: ClusterContext,
  opts: pulumi.ComponentResourceOptions,
): JoinedNode & pulumi.ComponentResource {
  switch (plan.kind) {
    case "bare-metal":
      return new BareMetalNode(plan.name, { plan, context }, opts);
  }
}
