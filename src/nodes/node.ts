import type * as pulumi from "@pulumi/pulumi";
import type { NodePlan } from "../plan/cluster-plan";
import type { HostRoute } from "../remote/connection";

/** A machine that a cloud lends. */
export interface NodeMachine {
  /** Another one for each machine that was ever made. */
  readonly id: pulumi.Output<string>;
  /** Known in a preview exactly where the machine stays. */
  readonly resourceId: pulumi.Output<string>;
  /** The instance type or VM size that the config asks for, and the one that it has. */
  readonly type: string;
  readonly typeNow: pulumi.Output<string>;
}

/** A node of this run and its cloud machine. */
export interface PlacedMachine {
  readonly plan: NodePlan;
  readonly machine: NodeMachine;
}

/** What a node joined with, and what undoes the joining. */
export interface JoinedBy {
  readonly name: string;
  readonly key: pulumi.CustomResource;
  readonly cleanup: pulumi.CustomResource;
  /** The line that makes the node again. */
  readonly replaceCommand: pulumi.Output<string>;
}

/** What any kind of node gives the rest once it is in the tailnet. */
export interface JoinedNode {
  readonly plan: NodePlan;
  readonly route: HostRoute;
  /** The last link of the chain so far; what comes next depends on it and triggers on its id. */
  readonly joined: pulumi.CustomResource;
  readonly joinedBy: JoinedBy;
  /** Whether join has placed an agent's token too. */
  readonly holdsToken: boolean;
  readonly tailnetIp: pulumi.Output<string>;
  /** The line that makes this node again: `pulumi up --replace '<urn of its auth key>'`. */
  readonly replaceCommand: pulumi.Output<string>;
  /** Absent on metal. */
  readonly machine?: NodeMachine;
}
