import jsonc from "jsonc-parser";
import { isList, isObject } from "../run/json.mjs";

/** @import { Node, ParseError } from "jsonc-parser" */

/**
 * One rule, group, tag or route of a policy.
 * @typedef {object} PolicyEntry
 * @property {string} section By its present name; for a part of autoApprovers `autoApprovers.routes`.
 * @property {string} key In a list its index; "" where the section is one value.
 * @property {unknown} value
 * @property {number} line From 1.
 */

const SECTIONS = [
  "acls",
  "grants",
  "groups",
  "hosts",
  "tagOwners",
  "autoApprovers",
  "ssh",
  "tests",
  "sshTests",
  "nodeAttrs",
  "postures",
  "ipsets",
];
/**
 * The first form of an acls rule: https://tailscale.com/docs/reference/syntax/policy-file (legacy fields). In `ssh` users are users.
 * @type {Readonly<Record<string, string>>}
 */
const OLD_FIELDS = { users: "src", ports: "dst" };

/**
 * A HuJSON policy text as its plain value; throws with the line of the first mistake.
 * @type {(text: string) => { value: Record<string, unknown>; tree: Node }}
 */
export function parsePolicy(text) {
  /** @type {ParseError[]} */
  const errors = [];
  const tree = jsonc.parseTree(text, errors, { allowTrailingComma: true });
  const value = tree && valueOfNode(tree);
  const [error] = errors;
  if (error || tree === undefined || !isObject(value)) {
    throw new SyntaxError(`line ${lineAt(text, error?.offset ?? 0)}: ${error ? jsonc.printParseErrorCode(error.error) : "not an object"}`);
  }
  return { value, tree };
}

/**
 * The plain value of a part of a policy.
 * @type {(node: Node) => unknown}
 */
export function valueOfNode(node) {
  return jsonc.getNodeValue(node);
}

/**
 * The members of an object that is written out in a policy; none of anything else.
 * @type {(node: Node | undefined) => { key: string; keyNode: Node; node: Node; value: Node }[]}
 */
export function membersOf(node) {
  if (node?.type !== "object") return [];
  return (node.children ?? []).flatMap((member) => {
    const [keyNode, value] = member.children ?? [];
    return keyNode && value ? [{ key: String(keyNode.value), keyNode, node: member, value }] : [];
  });
}

/**
 * The entries of a policy, one for each rule, group, tag or route. Sections and rule fields have their present names whatever the text says,
 * because the vendor reads them in any case.
 * @type {(text: string) => PolicyEntry[]}
 */
export function policyEntries(text) {
  return membersOf(parsePolicy(text).tree).flatMap(({ key, value }) => sectionEntries(text, presentName(key), value));
}

/** @type {(text: string, section: string, node: Node) => PolicyEntry[]} */
function sectionEntries(text, section, node) {
  if (section !== "autoApprovers" || node.type !== "object") return entriesIn(text, section, node);
  return membersOf(node).flatMap(({ key, value }) => entriesIn(text, `autoApprovers.${key}`, value));
}

/** @type {(text: string, section: string, node: Node) => PolicyEntry[]} */
function entriesIn(text, section, node) {
  /** @type {(key: string, at: Node) => PolicyEntry} */
  const entry = (key, at) => ({ section, key, value: presentFields(section, valueOfNode(at)), line: lineAt(text, at.offset) });
  if (node.type === "object") return membersOf(node).map(({ key, value }) => entry(key, value));
  if (node.type === "array") return (node.children ?? []).map((item, index) => entry(String(index), item));
  return [entry("", node)];
}

/**
 * Same meaning, whatever the order, the comments and the empty sections.
 * @type {(one: string, other: string) => boolean}
 */
export function samePolicy(one, other) {
  return meaning(one) === meaning(other);
}

/**
 * A value as text in which order means nothing: lists of a policy are sets.
 * @type {(value: unknown) => string}
 */
export function canonical(value) {
  if (isList(value)) return `[${value.map(canonical).sort().join(",")}]`;
  if (isObject(value)) {
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
      .join(",")}}`;
  }
  return JSON.stringify(value);
}

const KEYED = ["groups", "hosts", "tagOwners", "postures", "ipsets", "autoApprovers.routes"];

/** @type {(text: string) => string} */
function meaning(text) {
  return canonical(policyEntries(text).map(({ section, key, value }) => ({ section, key: KEYED.includes(section) ? key : "", value })));
}

/** @type {(name: string) => string} */
function presentName(name) {
  return SECTIONS.find((section) => section.toLowerCase() === name.toLowerCase()) ?? name;
}

/** @type {(section: string, value: unknown) => unknown} */
function presentFields(section, value) {
  if (!["acls", "grants", "ssh"].includes(section) || !isObject(value)) return value;
  /** @type {(field: string) => string} */
  const present = (field) => (section === "acls" && OLD_FIELDS[field.toLowerCase()]) || lowerFirst(field);
  return Object.fromEntries(Object.entries(value).map(([field, content]) => [present(field), content]));
}

/** @type {(field: string) => string} */
function lowerFirst(field) {
  return field === field.toUpperCase() ? field.toLowerCase() : field.charAt(0).toLowerCase() + field.slice(1);
}

/**
 * The line of an offset, from 1.
 * @type {(text: string, offset: number) => number}
 */
export function lineAt(text, offset) {
  return text.slice(0, offset).split("\n").length;
}
