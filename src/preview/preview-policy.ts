import * as pulumi from "@pulumi/pulumi";
import type { TailnetPlan } from "../plan/cluster-plan";
import type { PolicyOpening } from "../operator-tools/policy/find-openings.mjs" with { "resolution-mode": "import" };
import type { PolicyBefore } from "../operator-tools/policy/policy-edit.mjs" with { "resolution-mode": "import" };
import { lastPolicy } from "./last-policy";
import { policyNeeds } from "../vpn/tailnet/tailnet-policy";
import type { Vpn } from "../vpn/vpn";

export type Tell = (text: string) => Promise<void> | void;

/**
 * Reads the tailnet's live policy, at preview too, tells the lines that this run will change, and says how many; warns of what others' rules
 * open. Throws one RunError where the policy cannot become what the cluster needs.
 */
export async function previewPolicy(
  plan: TailnetPlan,
  vpn: Pick<Vpn, "readPolicy">,
  tell: Tell = (text) => pulumi.log.info(text),
  warn: Tell = (text) => pulumi.log.warn(text),
): Promise<number> {
  const { text: live, traits, policyPage } = await vpn.readPolicy();
  const [{ countChangedLines, planLivePolicy }, { findOpenings, diffPolicy }] = await Promise.all([
    import("../operator-tools/policy/policy-edit.mjs"),
    import("../operator-tools/policy/index.mjs"),
  ]);
  const { cluster, ...needs } = policyNeeds(plan);
  const policyCluster = { ...cluster, ...(traits && { traits }) };
  const planned = (before?: PolicyBefore) =>
    planLivePolicy(live, { ...needs, cluster: policyCluster, ...(policyPage !== undefined && { policyPage }) }, before);
  const alone = planned();
  // What stood there before this stack, and what of it is ours without a mark, the state knows; it is much to ask for where it says nothing new.
  const before = alone.isCertain === true ? undefined : await lastPolicy();
  const { text, refusal } = before === undefined ? alone : planned(before);
  if (text === undefined) throw new pulumi.RunError(refusal ?? "the tailnet's policy could not be planned");
  const difference = diffPolicy(live, text);
  if (difference !== "") await tell(`The tailnet's policy (${plan.policyMode}) changes:\n${difference}`);
  const open = findOpenings(text, policyCluster);
  if (open.length > 0) await warn(warningOf(open, policyPage));
  return countChangedLines(live, text);
}

const mostOpenings = 12;

function warningOf(open: readonly PolicyOpening[], policyPage = "https://login.tailscale.com/admin/acls"): string {
  const shown = open.slice(0, mostOpenings).map(({ line, what, rule }) => `- line ${line}: ${what}, by ${rule}`);
  return [
    "The tailnet's policy has rules of others that open this cluster, and its own rules cannot close it:",
    ...shown,
    ...(open.length > mostOpenings ? [`- and ${open.length - mostOpenings} more`] : []),
    `Where that is not meant, narrow them at ${policyPage}: a source or target "*" holds the nodes and their pods too. A new tailnet starts with such a rule.`,
  ].join("\n");
}
