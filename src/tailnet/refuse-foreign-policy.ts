import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { TailscaleCredentials } from "../config/load";
import type { TailnetPlan } from "../plan/cluster-plan";
import { policyText } from "../plan/plan-policy";

type TailnetAddress = Pick<TailscaleCredentials, "baseUrl" | "tailnet">;

/** Reads the tailnet's live policy, at preview too, and throws one RunError where `own` would overwrite what somebody else wrote. */
export async function refuseForeignPolicy(plan: TailnetPlan, address: TailnetAddress): Promise<void> {
  const live = await readLivePolicy(address);
  const { acceptPolicy } = await import("../tools/lib/accept-policy.mjs");
  const { tag, tagOwners, groups } = plan;
  const verdict = acceptPolicy(live, { ours: policyText(plan.policy), tag, tagOwners, groups });
  if (verdict.accepted) return;
  const { policyRefusal } = await import("../tools/lib/policy-refusal.mjs");
  throw new pulumi.RunError(policyRefusal(verdict, tag));
}

async function readLivePolicy({ baseUrl, tailnet }: TailnetAddress): Promise<string> {
  try {
    return (await tailscale.getAcl()).hujson;
  } catch (error) {
    const said = (error instanceof Error ? error.message : String(error)).trim();
    throw new pulumi.RunError(
      [
        `The policy of ${tailnet === "-" ? "the credential's tailnet" : `tailnet ${tailnet}`} could not be read at ${baseUrl}; nothing was changed. The answer was:`,
        `  ${said.replaceAll("\n", "\n  ")}`,
        "Check that the credential is a current one (config tailscale:oauthClientId and tailscale:oauthClientSecret, or tailscale:apiKey) with the scopes " +
          "policy_file, auth_keys and devices:core, each with write (README, step 2), and that this machine reaches the API. Then run again.",
      ].join("\n"),
    );
  }
}
