import type * as pulumi from "@pulumi/pulumi";
import { createAzureMachine } from "../clouds/azure/azure-machine";
import type { AzureNetwork } from "../clouds/azure/azure-network";
import { azureComponent } from "../clouds/azure/version-aliases";
import type { CloudMachine } from "../clouds/cloud-machine";
import type { AzureNodePlan } from "../plan/cluster-plan";
import { CloudNode, type CloudNodeArgs } from "./cloud-node";

export interface AzureNodeArgs extends CloudNodeArgs {
  readonly plan: AzureNodePlan;
  readonly network: AzureNetwork;
}

/** An Azure VM that becomes a node. */
export class AzureNode extends CloudNode<AzureNodeArgs> {
  constructor(name: string, args: AzureNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:nodes:AzureNode", name, args, azureComponent(opts));
  }

  protected createMachine(name: string, { plan, network, context }: AzureNodeArgs): CloudMachine {
    return createAzureMachine(name, { plan, network, cluster: context.plan, failedMachines: context.failedMachines }, this);
  }
}
