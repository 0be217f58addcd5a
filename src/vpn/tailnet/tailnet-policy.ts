import * as pulumi from "@pulumi/pulumi";
import type { TailnetPlan } from "../../plan/cluster-plan";
import type { PolicyNeeds } from "../../operator-tools/policy/policy-edit.mjs" with { "resolution-mode": "import" };
import { policyText } from "../../plan/plan-policy";
import { DynamicResource } from "../../undocumented-pulumi";
import type { PrepareArgs } from "../vpn";

export const policyType = "vpn/tailnet:Policy";

export interface TailnetPolicyArgs extends Omit<PrepareArgs, "after"> {
  readonly plan: TailnetPlan;
}

/** The tailnet's live policy as far as it is this cluster's: seen at preview, repaired by `up`, taken out at the end. */
export class TailnetPolicy extends DynamicResource {
  constructor(name: string, { plan, input, linesToChange }: TailnetPolicyArgs, opts: pulumi.CustomResourceOptions) {
    const { cluster, ...needs } = policyNeeds(plan);
    super(
      policyType,
      name,
      {
        provider: "policy-provider",
        policy: { ...needs, policyCluster: cluster },
        access: pulumi.secret(pulumi.jsonStringify(input)),
        linesToChange,
        left: undefined,
      },
      // The delete of a replacement comes first: what it knows goes to the create behind it, see policy-provider.cjs.
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, additionalSecretOutputs: ["access"] }),
    );
  }
}

/** What the live policy must hold, as the tools read it. */
export function policyNeeds({ policyMode, policy, cluster, groups }: TailnetPlan): PolicyNeeds {
  return { mode: policyMode, document: policyText(policy), cluster, groups };
}
