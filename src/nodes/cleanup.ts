import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { NodePlan } from "../plan/cluster-plan";
import { LocalTool } from "../remote/local-tool";
import { type Machine, nodeInput } from "../remote/tool-input";

/**
 * Stands in state before the node joins and undoes the joining when it is deleted: cleans the host as far as it
 * answers (a cloud's machine has none to clean: it is terminated), then removes the tailnet device. Creating it does nothing.
 */
export class Cleanup extends LocalTool {
  constructor(
    name: string,
    context: ClusterContext,
    node: NodePlan,
    machine: Machine | undefined,
    key: pulumi.Resource & { readonly id: pulumi.Output<string> },
    opts: pulumi.CustomResourceOptions,
  ) {
    super(name, { tool: "cleanup", on: ["delete"], input: nodeInput(context, node, machine), previous: [key.id] }, opts);
  }
}
