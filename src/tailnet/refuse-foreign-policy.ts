import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { TailnetPlan } from "../plan/cluster-plan";

/** Reads the tailnet's live policy, at preview too, and throws one RunError where `own` would overwrite what somebody else wrote. */
export async function refuseForeignPolicy(plan: TailnetPlan): Promise<void> {
  const live = await tailscale.getAcl();
  const { acceptPolicy } = await import("../tools/lib/accept-policy.mjs");
  const verdict = acceptPolicy(live.hujson, {
    ours: JSON.stringify(plan.policy),
    tag: plan.tag,
    tagOwners: plan.tagOwners,
    groups: plan.groups,
  });
  if (!verdict.accepted) throw new pulumi.RunError(verdict.reason);
}
