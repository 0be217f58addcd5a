import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { TailscaleCredentials } from "../config/load";
import type { TailnetPlan } from "../plan/cluster-plan";
import { policyNeeds } from "./tailnet-policy";

type TailnetAddress = Pick<TailscaleCredentials, "baseUrl" | "tailnet">;

/**
 * Reads the tailnet's live policy, at preview too, tells the lines that this run will change, and says how many. Throws one RunError where
 * the policy cannot become what the cluster needs.
 */
export async function previewPolicy(
  plan: TailnetPlan,
  address: TailnetAddress,
  tell: (text: string) => Promise<void> | void = (text) => pulumi.log.info(text),
): Promise<number> {
  const live = await readLivePolicy(address);
  const [{ changedLines, plannedPolicy }, { policyDiff }] = await Promise.all([
    import("../tools/lib/policy-edit.mjs"),
    import("../tools/lib/policy/index.mjs"),
  ]);
  const { text, refusal } = plannedPolicy(live, policyNeeds(plan));
  if (text === undefined) throw new pulumi.RunError(refusal ?? "the tailnet's policy could not be planned");
  const difference = policyDiff(live, text);
  if (difference !== "") await tell(`The tailnet's policy (${plan.policyMode}) changes:\n${difference}`);
  return changedLines(live, text);
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
