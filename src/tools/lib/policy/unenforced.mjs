import { lineAt, nodeAt, readTree } from "./policy-tree.mjs";

/**
 * Sections of a policy that this control server does not enforce: [{what, remedy, line}]. A policy that says more than is done makes people
 * believe in rules and tests that are none; headscale 0.26 even takes them without a word (run). Their tests cannot be vouched for by
 * evaluating them here: what this program takes a rule to mean is no proof of what that server makes of it.
 */
export function unenforced(text, { traits }) {
  if (traits?.sections === undefined || text.trim() === "") return [];
  const { root } = readTree(text);
  const unknown = (node, known, where) =>
    node.children
      .map(({ children: [key] }) => key)
      .filter(({ value }) => !known.includes(value))
      .map(({ value, offset }) => ({
        what: `${traits.server} does not enforce \`${value}\`${where}`,
        remedy: `${REMEDIES[value] ?? `It knows ${known.join(", ")}`}; take it out, and run again.`,
        line: lineAt(text, offset),
      }));
  const rules = (nodeAt(root, ["acls"])?.children ?? []).filter(({ type }) => type === "object");
  const approvers = nodeAt(root, ["autoApprovers"]);
  return [
    ...unknown(root, traits.sections, ""),
    ...rules.flatMap((rule) => unknown(rule, RULE_FIELDS, " in a rule")),
    ...(approvers?.type === "object" ? unknown(approvers, APPROVERS, " in autoApprovers") : []),
  ];
}

// hscontrol/policy/v2/types.go, ACL and AutoApproverPolicy, the same from v0.26.1 to v0.29.1.
const RULE_FIELDS = ["action", "proto", "src", "dst"];
const APPROVERS = ["routes", "exitNode"];

const REMEDIES = {
  grants: "Write these rules as acls, or use headscale 0.29",
  tests: "headscale runs tests from 0.29 on",
  sshTests: "headscale runs them from 0.29 on",
};
