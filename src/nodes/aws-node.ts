import type * as pulumi from "@pulumi/pulumi";
import { createAwsMachine } from "../clouds/aws/aws-machine";
import type { AwsNetwork } from "../clouds/aws/aws-network";
import type { CloudMachine } from "../clouds/cloud-machine";
import type { AwsNodePlan } from "../plan/cluster-plan";
import { CloudNode, type CloudNodeArgs } from "./cloud-node";

export interface AwsNodeArgs extends CloudNodeArgs {
  readonly plan: AwsNodePlan;
  readonly network: AwsNetwork;
}

/** An EC2 instance that becomes a node. */
export class AwsNode extends CloudNode<AwsNodeArgs> {
  constructor(name: string, args: AwsNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:nodes:AwsNode", name, args, opts);
  }

  protected createMachine(name: string, { plan, network, context }: AwsNodeArgs): CloudMachine {
    return createAwsMachine(name, { plan, network, cluster: context.plan }, this);
  }
}
