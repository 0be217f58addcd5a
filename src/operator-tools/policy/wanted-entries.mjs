import { policyEntries } from "./policy-document.mjs";
import { clusterRules, clusterTests, closedConnections, serviceHostOf } from "./cluster-rules.cjs";
import { entriesOf } from "./markers.mjs";
import { nodeAt } from "./policy-tree.mjs";
import { defaultPostures, NODE_ATTRIBUTES, ownPosture } from "./postures.mjs";
import { mayReach, readRules } from "./judge-reach.mjs";

/** @import { Node } from "jsonc-parser" */
/** @import { PolicyCluster, RuleForm } from "./cluster-rules.cjs" */
/** @import { KeyValue } from "./markers.mjs" */
/** @import { Path, PolicyTree } from "./policy-tree.mjs" */
/** @import { Brackets } from "./text-edits.mjs" */

/** @typedef {{ readonly path: Path; readonly brackets: Brackets; readonly entries: readonly KeyValue[] }} WantedPart */

export const TAG_OWNERS = ["tagOwners"];
export const ROUTES = ["autoApprovers", "routes"];
export const SERVICES = ["autoApprovers", "services"];
export const TESTS = ["tests"];

/**
 * What this cluster wants of the lists and objects of a policy. `others` is the policy without this cluster's entries. Of a tag or route that
 * others have written, only what their list lacks is wanted, inside it.
 * @type {(others: PolicyTree, cluster: PolicyCluster) => WantedPart[]}
 */
export function wantedEntries(others, cluster) {
  const { tag, podCidr, service, integration, policyTests } = cluster;
  const form = ruleForm(others.root);
  const isTested = policyTests !== "none" && cluster.traits?.testsBeforeDevices !== false;
  // A denial in a file that others write too would keep them from rules of their own.
  const denied = policyTests === "strict" ? deniedIn(others.text, cluster) : undefined;
  // Which postures people's devices meet, a test cannot know.
  const isPostured = defaultPostures(others.root).length > 0;
  const operators = isPostured ? [] : testable(others, cluster);
  const tests = isTested ? clusterTests({ ...cluster, operators }, denied, isPostured ? NODE_ATTRIBUTES : undefined) : [];
  const posture = ownPosture(others.root)?.name;
  return [
    ...ownedTags(others, cluster),
    ...(integration === "flannel-iface" ? [] : [keyed(others, ROUTES, podCidr, [tag])]),
    ...(service === undefined ? [] : [keyed(others, SERVICES, service, [serviceHostOf(cluster)])]),
    ...RULE_FORMS.map((section) => rulesIn(section, clusterRules(cluster, form, posture, section))).filter(
      ({ path, entries }) => path.includes(form) || entries.length > 0,
    ),
    { path: TESTS, brackets: "[]", entries: tests.map((value) => ({ value })) },
  ];
}

/** @type {readonly RuleForm[]} */
const RULE_FORMS = ["acls", "grants"];

/** @type {(section: RuleForm, rules: ReturnType<typeof clusterRules>) => WantedPart} */
function rulesIn(section, rules) {
  return { path: [section], brackets: "[]", entries: rules.map((value) => ({ value })) };
}

/**
 * Rules of both forms count together, so either would do: https://tailscale.com/docs/reference/grants-vs-acls. Ours follow the form that
 * others write in; where they write in both, acls, which every control server enforces (headscale 0.26 takes grants and ignores them).
 * @type {(root: Node) => RuleForm}
 */
export function ruleForm(root) {
  const [acls, grants] = [nodeAt(root, ["acls"]), nodeAt(root, ["grants"])];
  if (!grants) return "acls";
  if (!acls) return "grants";
  return (acls.children ?? []).length > 0 ? "acls" : "grants";
}

/**
 * Tags that nobody else has defined are entries of one object, and so of one part.
 * @type {(others: PolicyTree, cluster: PolicyCluster) => WantedPart[]}
 */
function ownedTags(others, { tag, serverTag, tagOwners }) {
  const parts = [tag, ...(serverTag === undefined ? [] : [serverTag])].map((name) => keyed(others, TAG_OWNERS, name, tagOwners));
  const [undefinedTags, definedTags] = [true, false].map((isNew) => parts.filter(({ brackets }) => (brackets === "{}") === isNew));
  const entries = (undefinedTags ?? []).flatMap((part) => part.entries);
  return [
    ...(entries.length === 0 ? [] : [{ path: TAG_OWNERS, brackets: /** @type {Brackets} */ ("{}"), entries }]),
    ...(definedTags ?? []),
  ];
}

/** @type {(others: PolicyTree, path: Path, key: string, values: readonly string[]) => WantedPart} */
function keyed(others, path, key, values) {
  const theirs = nodeAt(others.root, [...path, key]);
  if (!theirs) return { path, brackets: "{}", entries: [{ key, value: values }] };
  const has = new Set(entriesOf(others, theirs).map(({ value }) => value));
  return { path: [...path, key], brackets: "[]", entries: values.filter((value) => !has.has(value)).map((value) => ({ value })) };
}

/**
 * A test takes one member of a group to stand for it, and no autogroup: https://tailscale.com/kb/1337/policy-syntax#tests.
 * @type {(others: PolicyTree, cluster: PolicyCluster) => string[]}
 */
function testable({ root }, { operators }) {
  /** @type {(name: string) => boolean} */
  const isEmpty = (name) => nodeAt(root, ["groups", name])?.children?.length === 0;
  return operators.filter((operator) => !operator.startsWith("autogroup:") && !isEmpty(operator));
}

/**
 * A connection that rules of others give cannot be denied by a test: the tailnet would refuse the whole policy.
 * @type {(othersText: string, cluster: PolicyCluster) => (source: string) => string[]}
 */
function deniedIn(othersText, cluster) {
  const policy = readRules(policyEntries(othersText));
  const closed = closedConnections(cluster).filter((connection) => !mayReach(policy, connection));
  return (source) => closed.filter(({ src }) => src === source).map(({ dst, ports }) => `${dst}:${ports[0]}`);
}
