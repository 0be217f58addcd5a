import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../../cluster-context";
import { clusterInput } from "../../remote/tool-input";
import type { TailnetPlan } from "../../plan/cluster-plan";
import type { PolicyNeeds } from "../../operator-tools/policy/policy-edit.mjs" with { "resolution-mode": "import" };
import { policyText } from "../../plan/plan-policy";
import { DynamicResource } from "../../undocumented-pulumi";
import { policyType } from "../../preview/last-policy";

export interface TailnetPolicyArgs {
  readonly context: ClusterContext;
  /** Lines of the live policy that this run adds or takes away. */
  readonly linesToChange: number;
}

/** The tailnet's live policy as far as it is this cluster's: seen at preview, repaired by `up`, taken out at the end. */
export class TailnetPolicy extends DynamicResource {
  constructor(name: string, { context, linesToChange }: TailnetPolicyArgs, opts: pulumi.CustomResourceOptions) {
    const { cluster, ...needs } = policyNeeds(context.plan.tailnet);
    super(
      policyType,
      name,
      {
        provider: "policy-provider",
        policy: { ...needs, policyCluster: cluster },
        access: pulumi.secret(pulumi.jsonStringify(clusterInput(context))),
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
