import { lineAt, nodeAt, readTree } from "./policy-tree.mjs";

/**
 * What this control server would not enforce, of the live policy and of ours: [{what, remedy, line?}]. A policy that says more than is done makes people
 * believe in rules and tests that are none; headscale 0.26 even takes them without a word (run). Their tests cannot be vouched for by
 * evaluating them here: what this program takes a rule to mean is no proof of what that server makes of it.
 */
export function unenforced(text, { traits, operators = [] }) {
  if (traits?.sections === undefined || text.trim() === "") return [];
  const { root } = readTree(text);
  const unknown = (node, known, where) =>
    node.children
      .map(({ children: [key] }) => key)
      .filter(({ value }) => !known.some((name) => name.toLowerCase() === value.toLowerCase()))
      .map(({ value, offset }) => ({
        what: `${traits.server} does not enforce \`${value}\`${where}`,
        remedy: `${REMEDIES[value] ?? `It knows ${known.join(", ")}`}; take it out, and run again.`,
        line: lineAt(text, offset),
      }));
  const rules = (nodeAt(root, ["acls"])?.children ?? []).filter(({ type }) => type === "object");
  const approvers = nodeAt(root, ["autoApprovers"]);
  return [
    ...(traits.knowsMembers === false && operators.includes(MEMBERS)
      ? [
          {
            what: `${traits.server} does not know ${MEMBERS}, which vpn.operators names`,
            remedy: "Name a group, or use headscale 0.27 or newer.",
          },
        ]
      : []),
    ...unknown(root, traits.sections, ""),
    ...rules.flatMap((rule) => unknown(rule, RULE_FIELDS, " in a rule")),
    ...(approvers?.type === "object" ? unknown(approvers, APPROVERS, " in autoApprovers") : []),
  ];
}

const MEMBERS = "autogroup:member";
// Names in any case: encoding/json in 0.26, json.MatchCaseInsensitiveNames since. hscontrol/policy/v2/types.go, ACL and AutoApproverPolicy, the same from v0.26.1 to v0.29.1.
const RULE_FIELDS = ["action", "proto", "src", "dst"];
const APPROVERS = ["routes", "exitNode"];

const REMEDIES = {
  grants: "Write these rules as acls, or use headscale 0.29",
  tests: "headscale runs tests from 0.29 on",
  sshTests: "headscale runs them from 0.29 on",
};
