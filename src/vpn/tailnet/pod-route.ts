import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../../cluster-context";
import { clusterInput } from "../../remote/tool-input";
import type { NodePlan } from "../../plan/cluster-plan";
import { DynamicResource } from "../../undocumented-pulumi";

/**
 * The control server's approval of one node's podCIDR: waited for, and given by the device's id where the policy does not. A resource of the
 * plugin, which runs already for the policy: a program of its own for each node would start a thousand times in a cluster of a thousand.
 */
export class PodRoute extends DynamicResource {
  constructor(
    name: string,
    context: ClusterContext,
    { node, k3s }: { readonly node: NodePlan; readonly k3s: pulumi.Output<string> },
    opts: pulumi.CustomResourceOptions,
  ) {
    super(
      "vpn/tailnet:Route",
      name,
      {
        provider: "route-provider",
        wanted: { node: node.name, podCidr: context.plan.podCidr },
        k3s,
        access: pulumi.secret(pulumi.jsonStringify(clusterInput(context))),
        served: undefined,
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, additionalSecretOutputs: ["access"] }),
    );
  }
}

/** The links that a node's `wait-ready` waits for: its k3s and, where the VPN carries pod routes, the approval of its route. */
export function createPodRoute(
  name: string,
  context: ClusterContext,
  link: { readonly node: NodePlan; readonly k3s: pulumi.CustomResource },
  parent: pulumi.Resource,
): readonly pulumi.Resource[] {
  const { node, k3s } = link;
  // With flannel-iface pods cross in vxlan, and no node advertises a route.
  if (!context.vpn.hasPodRoutes || context.plan.integration === "flannel-iface") return [k3s];
  return [k3s, new PodRoute(`${name}-route`, context, { node, k3s: k3s.id }, { parent, dependsOn: k3s })];
}
