import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { hasSeveralServers } from "../plan/cluster-plan";
import { LocalTool } from "../remote/local-tool";

/**
 * Refuses, before anything is deleted, a run that would replace or remove the only server: its own delete fails unless
 * the state of an earlier `up` says allowed. `deletedWith` a resource that only `destroy` removes keeps `destroy` free.
 * With several servers it stays as it is and lets everything pass: each one's drain protects quorum and the last voter.
 */
export class ProtectServer extends LocalTool {
  constructor(
    name: string,
    context: ClusterContext,
    previous: readonly pulumi.Input<string>[],
    opts: pulumi.CustomResourceOptions & { deletedWith: pulumi.Resource },
  ) {
    const { plan } = context;
    const several = hasSeveralServers(plan);
    const input = { v: 1, cluster: plan.name, node: plan.firstServer.name, allowed: several || plan.allowServerReplacement };
    super(
      name,
      { tool: "protect", on: ["delete"], input, previous: several ? [] : previous },
      pulumi.mergeOptions(opts, several ? { ignoreChanges: ["triggers"] } : {}),
    );
  }
}
