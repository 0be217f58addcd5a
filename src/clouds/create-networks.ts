import type * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../plan/cluster-plan";
import { AwsNetwork } from "./aws/aws-network";
import { AzureNetwork } from "./azure/azure-network";

/** The cloud networks of a cluster, by the names that node plans use. */
export interface Networks {
  aws(name: string): AwsNetwork;
  azure(name: string): AzureNetwork;
}

/** Makes each network that a node of the plan stands in; what no node stands in any more goes. */
export function createNetworks(plan: ClusterPlan, opts: pulumi.ComponentResourceOptions): Networks {
  const aws = new Map<string, AwsNetwork>();
  const azure = new Map<string, AzureNetwork>();
  for (const network of plan.networks) {
    switch (network.kind) {
      case "aws":
        aws.set(network.name, new AwsNetwork(network.name, { plan: network, cluster: plan.name }, opts));
        break;
      case "azure":
        azure.set(network.name, new AzureNetwork(network.name, { plan: network, cluster: plan.name }, opts));
        break;
    }
  }
  return { aws: (name) => known(aws, name), azure: (name) => known(azure, name) };
}

function known<T>(networks: ReadonlyMap<string, T>, name: string): T {
  const network = networks.get(name);
  if (network === undefined) throw new Error(`the plan has no network ${name}`);
  return network;
}
