import type * as pulumi from "@pulumi/pulumi";
import type { NodePlan } from "../plan/cluster-plan";

/** A node that leaves by a drain, and the resource that drains it. */
export interface DrainedNode {
  readonly plan: NodePlan;
  readonly drain: pulumi.CustomResource;
}
