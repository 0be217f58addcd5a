/** @import { PolicyVerdict } from "./judge-takeover.mjs" */

const MOST_LINES = 40;

/**
 * What the operator reads where the live policy may not be taken over: why, the lines that would be lost, what to do. Pure.
 * @type {(verdict: Pick<PolicyVerdict, "reason" | "lines" | "formerTag">, tag: string, policyPage: string) => string}
 */
export function describeRefusedTakeover({ reason, lines, formerTag }, tag, policyPage) {
  const shown = lines.slice(0, MOST_LINES).map((line) => `  ${line}`);
  const more = lines.length > MOST_LINES ? [`  and ${lines.length - MOST_LINES} more`] : [];
  return [
    `vpn.policy \`own\` would replace the tailnet's whole policy file, and ${reason}:`,
    ...shown,
    ...more,
    ...(formerTag === undefined ? ofStrangers(tag, policyPage) : ofOtherCluster(tag, formerTag, policyPage)),
  ].join("\n");
}

/** @type {(tag: string, policyPage: string) => string[]} */
function ofStrangers(tag, policyPage) {
  return [
    `Nothing was changed. Use a tailnet of its own for ${tag}, or take these lines out at ${policyPage} and run again ` +
      "(lines for vpn.tagOwners and vpn.groups may stay).",
  ];
}

/** @type {(tag: string, formerTag: string, policyPage: string) => string[]} */
function ofOtherCluster(tag, formerTag, policyPage) {
  return [
    "Nothing was changed.",
    `- If this stack made that cluster: its nodes carry ${formerTag}, and this policy would cut them off. Put the old cluster.name or vpn.tag back; ` +
      "to change it, run `pulumi destroy` first, while the old value stands.",
    `- If it is another cluster: use a tailnet of its own for ${tag}.`,
    `- If it is gone for good: take these lines out at ${policyPage} and run again.`,
  ];
}
