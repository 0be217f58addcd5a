import * as pulumi from "@pulumi/pulumi";
import type { TailnetPlan } from "../plan/cluster-plan";
import type { PolicyTraits } from "../tools/lib/policy/index.mjs" with { "resolution-mode": "import" };
import { policyNeeds } from "./tailnet-policy";

/** The policy as it is, and what its control server makes of it; traits and page are absent at Tailscale. */
export interface LivePolicy {
  readonly text: string;
  readonly traits?: PolicyTraits;
  readonly policyPage?: string;
}

export type Tell = (text: string) => Promise<void> | void;

/**
 * Reads the tailnet's live policy, at preview too, tells the lines that this run will change, and says how many. Throws one RunError where
 * the policy cannot become what the cluster needs.
 */
export async function previewPolicy(
  plan: TailnetPlan,
  read: () => Promise<LivePolicy>,
  tell: Tell = (text) => pulumi.log.info(text),
): Promise<number> {
  const { text: live, traits, policyPage } = await read();
  const [{ changedLines, plannedPolicy }, { policyDiff }] = await Promise.all([
    import("../tools/lib/policy-edit.mjs"),
    import("../tools/lib/policy/index.mjs"),
  ]);
  const { cluster, ...needs } = policyNeeds(plan);
  const { text, refusal } = plannedPolicy(live, {
    ...needs,
    cluster: { ...cluster, ...(traits && { traits }) },
    ...(policyPage !== undefined && { policyPage }),
  });
  if (text === undefined) throw new pulumi.RunError(refusal ?? "the tailnet's policy could not be planned");
  const difference = policyDiff(live, text);
  if (difference !== "") await tell(`The tailnet's policy (${plan.policyMode}) changes:\n${difference}`);
  return changedLines(live, text);
}
