import type * as pulumi from "@pulumi/pulumi";
import type { NodePlan } from "../plan/cluster-plan";

/** A node that leaves by a drain, and the resource that drains it. */
export interface DrainedNode {
  readonly plan: NodePlan;
  readonly drain: pulumi.CustomResource;
  /** With another one of it the node is drained: an agent's drain; of servers, which had none in older states, the join before it. */
  readonly leavesWith: pulumi.CustomResource;
}
