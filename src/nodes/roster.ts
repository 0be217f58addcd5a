import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { DynamicResource } from "../undocumented-pulumi";
import type { DrainedNode } from "./drained-node";
import type { ServerRoute } from "../remote/connection";
import { serversInput } from "../remote/tool-input";

/**
 * The nodes, each of which leaves by a drain. When names are gone from it, its update gets their removal ready before any node is touched: those
 * whose volumes must not be lost stop the run, the others are cordoned together. One session to a server then, none otherwise.
 */
export class Roster extends DynamicResource {
  constructor(
    name: string,
    context: ClusterContext,
    servers: readonly ServerRoute[],
    listed: readonly Pick<DrainedNode, "plan" | "drain">[],
    opts: pulumi.CustomResourceOptions,
  ) {
    super(
      "nodes:Roster",
      name,
      {
        provider: "roster-provider",
        nodes: listed.map(({ plan: { name: node, pool, removal }, drain }) => ({ name: node, pool, ...removal, drain: drain.id })),
        pools: context.plan.removals,
        access: pulumi.secret(pulumi.jsonStringify(serversInput(context, servers))),
        left: undefined,
      },
      // After a failed update, --continue-on-error spares what the list depended on: all that undoes the nodes.
      pulumi.mergeOptions(opts, { dependsOn: listed.map(({ drain }) => drain), additionalSecretOutputs: ["access"] }),
    );
  }
}
