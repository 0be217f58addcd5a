import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { NodePlan } from "../plan/cluster-plan";
import { LocalTool } from "../remote/local-tool";
import { type Machine, nodeInput } from "../remote/tool-input";

/**
 * Stands in state before the node registers and undoes it when it is deleted: cordon, drain within the node's
 * drainTimeout, delete the Node, through the first server; it fails where the pool's removeData or drainPolicy keep the node. Creating it
 * does nothing and opens no session.
 */
export class Drain extends LocalTool {
  constructor(
    name: string,
    context: ClusterContext,
    node: NodePlan,
    firstServer: Machine,
    join: { readonly id: pulumi.Output<string> },
    opts: pulumi.CustomResourceOptions,
  ) {
    const input = { ...nodeInput(context, node, firstServer), pool: node.pool, drainSeconds: node.drainSeconds, ...node.removal };
    super(name, { tool: "drain", on: ["delete"], input, previous: [join.id] }, opts);
  }
}
