import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { LocalTool } from "../remote/local-tool";

/**
 * Refuses, before anything is deleted, a run that would replace or remove the only server: its own delete fails unless
 * the state of an earlier `up` says allowed. `deletedWith` a resource that only `destroy` removes keeps `destroy` free.
 */
export class ProtectServer extends LocalTool {
  constructor(
    name: string,
    context: ClusterContext,
    previous: readonly pulumi.Input<string>[],
    opts: pulumi.CustomResourceOptions & { deletedWith: pulumi.Resource },
  ) {
    const { plan } = context;
    const input = { v: 1, cluster: plan.name, node: plan.firstServer.name, allowed: plan.allowServerReplacement };
    super(name, { tool: "protect", on: ["delete"], input, previous }, opts);
  }
}
