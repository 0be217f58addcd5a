import * as pulumi from "@pulumi/pulumi";
import type { TailnetPlan } from "../../plan/cluster-plan";
import type { PrepareArgs } from "../vpn";
import { TailnetPolicy } from "./tailnet-policy";

export interface TailnetArgs extends PrepareArgs {
  readonly plan: TailnetPlan;
}

/** The tailnet's policy as this cluster needs it; keys may be made once it stands. */
export class Tailnet extends pulumi.ComponentResource {
  constructor(name: string, args: TailnetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:vpn/tailnet:Tailnet", name, {}, opts);
    new TailnetPolicy(`${name}-policy`, args, { parent: this, dependsOn: [...args.after] });
    this.registerOutputs({});
  }
}
