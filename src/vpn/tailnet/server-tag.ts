import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../../cluster-context";
import { clusterInput } from "../../remote/tool-input";
import type { NodePlan } from "../../plan/cluster-plan";
import { DynamicResource } from "../../undocumented-pulumi";

interface DeviceTagsArgs {
  readonly node: NodePlan;
  readonly tags: readonly string[];
  readonly joined: pulumi.Output<string>;
}

/** Tags that a node's device gets in place, by the control server's API. */
export class DeviceTags extends DynamicResource {
  constructor(name: string, context: ClusterContext, { node, tags, joined }: DeviceTagsArgs, opts: pulumi.CustomResourceOptions) {
    super(
      "vpn/tailnet:Tags",
      name,
      {
        provider: "tags-provider",
        wanted: { node: node.name, tags },
        joined,
        access: pulumi.secret(pulumi.jsonStringify(clusterInput(context))),
        given: undefined,
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, additionalSecretOutputs: ["access"] }),
    );
  }
}

/**
 * The links that a server's k3s waits for: its join and, with etcd, the tag that lets servers reach one another's. Its auth key gives that too; a
 * server that had its data in SQLite before has a key without it, and would have to log in again for another.
 */
export function createServerTag(
  name: string,
  context: ClusterContext,
  { node, joined }: { readonly node: NodePlan; readonly joined: pulumi.CustomResource },
  parent: pulumi.Resource,
): readonly pulumi.Resource[] {
  const { serverTag } = context.plan.tailnet.cluster;
  if (serverTag === undefined) return [joined];
  return [joined, new DeviceTags(`${name}-tags`, context, { node, tags: [serverTag], joined: joined.id }, { parent, dependsOn: joined })];
}
