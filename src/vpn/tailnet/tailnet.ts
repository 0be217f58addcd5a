import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { TailnetPlan } from "../../plan/cluster-plan";
import type { ApiService, PrepareArgs } from "../vpn";
import { TailnetPolicy } from "./tailnet-policy";

export interface TailnetArgs extends PrepareArgs {
  readonly plan: TailnetPlan;
}

/** The tailnet's policy as this cluster needs it, and the Service in front of its servers; keys may be made once both stand. */
export class Tailnet extends pulumi.ComponentResource {
  readonly apiService: ApiService | undefined;

  constructor(name: string, args: TailnetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:vpn/tailnet:Tailnet", name, {}, opts);
    const { apiService } = args.plan;
    // Before the policy, whose rules name it, and gone after them.
    const service =
      apiService && new tailscale.Service(`${name}-api-service`, { ...apiService }, { parent: this, dependsOn: [...args.after] });
    new TailnetPolicy(`${name}-policy`, args, { parent: this, dependsOn: [...args.after, ...(service ? [service] : [])] });
    this.apiService = apiService && service && { name: apiService.name, addresses: service.addrs };
    this.registerOutputs({});
  }
}
