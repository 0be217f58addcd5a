import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { ClusterContext } from "../cluster-context";
import { clusterInput } from "../membership/tool-input";
import { LocalTool } from "../remote/local-tool";

export interface TailnetArgs {
  readonly context: ClusterContext;
}

/** The tailnet's policy as this cluster needs it; keys may be made once it stands. */
export class Tailnet extends pulumi.ComponentResource {
  /** Keeps the policy found at the first `up`. Only `destroy` removes it. */
  readonly found: LocalTool;
  readonly policy: tailscale.Acl;

  constructor(name: string, args: TailnetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:tailnet:Tailnet", name, {}, opts);
    const { context } = args;
    const { tailnet, podCidr } = context.plan;
    const policy = JSON.stringify(tailnet.policy, null, 2);

    this.found = new LocalTool(
      `${name}-policy-found`,
      {
        tool: "policy",
        on: ["create", "update", "delete"],
        input: { ...clusterInput(context), policy, podCidr, tagOwners: tailnet.tagOwners, groups: tailnet.groups },
        previous: [],
      },
      { parent: this },
    );
    this.policy = new tailscale.Acl(
      `${name}-policy`,
      // What was there before was read and accepted by `found`, which also puts it back.
      { acl: policy, overwriteExistingContent: true },
      { parent: this, dependsOn: this.found },
    );
    this.registerOutputs({});
  }
}
