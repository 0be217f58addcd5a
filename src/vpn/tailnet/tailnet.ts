import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../../cluster-context";
import { TailnetPolicy } from "./tailnet-policy";

export interface TailnetArgs {
  readonly context: ClusterContext;
  /** Lines of the live policy that this run adds or takes away. */
  readonly linesToChange: number;
  /** What must have passed before the policy is written. */
  readonly after: readonly pulumi.Resource[];
}

/** The tailnet's policy as this cluster needs it; keys may be made once it stands. */
export class Tailnet extends pulumi.ComponentResource {
  constructor(name: string, args: TailnetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:vpn/tailnet:Tailnet", name, {}, opts);
    const { context, linesToChange, after } = args;
    new TailnetPolicy(`${name}-policy`, { context, linesToChange }, { parent: this, dependsOn: [...after] });
    this.registerOutputs({});
  }
}
