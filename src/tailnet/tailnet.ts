import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { ClusterContext } from "../cluster-context";
import { policyText } from "../plan/plan-policy";

export interface TailnetArgs {
  readonly context: ClusterContext;
  /** What must have passed before the policy is written. */
  readonly after: readonly pulumi.Resource[];
}

/** The tailnet's policy as this cluster needs it; keys may be made once it stands. */
export class Tailnet extends pulumi.ComponentResource {
  constructor(name: string, args: TailnetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:tailnet:Tailnet", name, {}, opts);
    new tailscale.Acl(
      `${name}-policy`,
      // What was there before was read and accepted by PolicyFound, which also puts it back.
      { acl: policyText(args.context.plan.tailnet.policy), overwriteExistingContent: true },
      { parent: this, dependsOn: [...args.after] },
    );
    this.registerOutputs({});
  }
}
