import type * as pulumi from "@pulumi/pulumi";
import type { NodePlan } from "../plan/cluster-plan";
import type { HostRoute } from "../remote/connection";

/** A machine that a cloud lends: its id there, and its instance type or VM size. */
export interface NodeMachine {
  readonly id: pulumi.Output<string>;
  readonly type: string;
}

/** What any kind of node gives the rest once it is in the tailnet. */
export interface JoinedNode {
  readonly plan: NodePlan;
  readonly route: HostRoute;
  /** The last link of the chain so far; what comes next depends on it and triggers on its id. */
  readonly joined: pulumi.CustomResource;
  /** Whether join has placed an agent's token too. */
  readonly holdsToken: boolean;
  readonly tailnetIp: pulumi.Output<string>;
  /** The line that makes this node anew: `pulumi up --replace '<urn of its auth key>'`. */
  readonly replaceCommand: pulumi.Output<string>;
  /** Absent on metal. */
  readonly machine?: NodeMachine;
}
