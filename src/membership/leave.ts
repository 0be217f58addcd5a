import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { NodePlan } from "../plan/cluster-plan";
import { LocalTool } from "../remote/local-tool";
import { nodeInput } from "./tool-input";

/**
 * Stands in state before the node joins and undoes the joining when it is deleted: cleans the host as far as it
 * answers, then removes the tailnet device. Creating it does nothing.
 */
export class Leave extends LocalTool {
  constructor(
    name: string,
    context: ClusterContext,
    node: NodePlan,
    key: pulumi.Resource & { readonly id: pulumi.Output<string> },
    opts: pulumi.CustomResourceOptions,
  ) {
    super(name, { tool: "leave", on: ["delete"], input: nodeInput(context, node), previous: [key.id] }, opts);
  }
}
