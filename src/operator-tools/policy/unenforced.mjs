import { lineAt, membersOf } from "./policy-document.mjs";
import { nodeAt, readTree } from "./policy-tree.mjs";

/** @import { Node } from "jsonc-parser" */
/** @import { PolicyCluster } from "./cluster-rules.cjs" */
/** @import { PolicyRefusal } from "./find-conflicts.mjs" */

/**
 * What this control server would not enforce, of the live policy and of ours. A policy that says more than is done makes people
 * believe in rules and tests that are none; headscale 0.26 even takes them without a word (run). Their tests cannot be vouched for by
 * evaluating them here: what this program takes a rule to mean is no proof of what that server makes of it.
 * @type {(text: string, cluster: Pick<PolicyCluster, "traits"> & Partial<Pick<PolicyCluster, "operators">>) => PolicyRefusal[]}
 */
export function unenforced(text, { traits, operators = [] }) {
  if (traits === undefined || text.trim() === "") return [];
  const { root } = readTree(text);
  /** @type {(node: Node | undefined, known: readonly string[], where: string) => PolicyRefusal[]} */
  const unknown = (node, known, where) =>
    membersOf(node)
      .filter(({ key }) => !known.some((name) => name.toLowerCase() === key.toLowerCase()))
      .map(({ key, keyNode }) => ({
        what: `${traits.server} does not enforce \`${key}\`${where}`,
        remedy: `${REMEDIES[key] ?? `It knows ${known.join(", ")}`}; take it out, and run again.`,
        line: lineAt(text, keyNode.offset),
      }));
  const acls = nodeAt(root, ["acls"]);
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
    ...(acls?.type === "array" ? (acls.children ?? []) : []).flatMap((rule) => unknown(rule, RULE_FIELDS, " in a rule")),
    ...unknown(nodeAt(root, ["autoApprovers"]), APPROVERS, " in autoApprovers"),
  ];
}

const MEMBERS = "autogroup:member";
// Names in any case: encoding/json in 0.26, json.MatchCaseInsensitiveNames since. hscontrol/policy/v2/types.go, ACL and AutoApproverPolicy, the same from v0.26.1 to v0.29.1.
const RULE_FIELDS = ["action", "proto", "src", "dst"];
const APPROVERS = ["routes", "exitNode"];

/** @type {Readonly<Record<string, string>>} */
const REMEDIES = {
  grants: "Write these rules as acls, or use headscale 0.29",
  tests: "headscale runs tests from 0.29 on",
  sshTests: "headscale runs them from 0.29 on",
};
