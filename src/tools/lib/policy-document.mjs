import jsonc from "jsonc-parser";

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
// The first form of an acls rule: https://tailscale.com/docs/reference/syntax/policy-file (legacy fields). In `ssh` users are users.
const OLD_FIELDS = { users: "src", ports: "dst" };

/** A HuJSON policy text as its plain value; throws with the line of the first mistake. */
export function parsePolicy(text) {
  const errors = [];
  const tree = jsonc.parseTree(text, errors, { allowTrailingComma: true });
  const value = tree && jsonc.getNodeValue(tree);
  if (errors.length > 0 || typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError(
      `line ${lineAt(text, errors[0]?.offset ?? 0)}: ${errors[0] ? jsonc.printParseErrorCode(errors[0].error) : "not an object"}`,
    );
  }
  return { value, tree };
}

/**
 * The entries of a policy, one for each rule, group, tag or route: {section, key, value, line}. Sections and rule
 * fields have their present names whatever the text says, because the vendor reads them in any case.
 */
export function policyEntries(text) {
  const { tree } = parsePolicy(text);
  return (tree.children ?? []).flatMap((property) => sectionEntries(text, property));
}

function sectionEntries(text, property) {
  const [name, node] = property.children;
  const section = presentName(name.value);
  const entry = (key, at, path = section) => ({
    section: path,
    key,
    value: presentFields(path, jsonc.getNodeValue(at)),
    line: lineAt(text, at.offset),
  });
  if (section === "autoApprovers" && node.type === "object") {
    return node.children.flatMap((part) => {
      const [kind, values] = part.children;
      const path = `autoApprovers.${kind.value}`;
      return values.type === "object"
        ? values.children.map((item) => entry(item.children[0].value, item.children[1], path))
        : entries(values, path);
    });
  }
  return node.type === "object" ? node.children.map((item) => entry(item.children[0].value, item.children[1])) : entries(node, section);

  function entries(list, path) {
    return list.type === "array" ? (list.children ?? []).map((item, index) => entry(String(index), item, path)) : [entry("", list, path)];
  }
}

/** Same meaning, whatever the order, the comments and the empty sections. */
export function samePolicy(one, other) {
  return meaning(one) === meaning(other);
}

/** A value as text in which order means nothing: lists of a policy are sets. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join(",")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
      .join(",")}}`;
  }
  return JSON.stringify(value);
}

function meaning(text) {
  const isList = (section) => !["groups", "hosts", "tagOwners", "postures", "ipsets", "autoApprovers.routes"].includes(section);
  return canonical(policyEntries(text).map(({ section, key, value }) => ({ section, key: isList(section) ? "" : key, value })));
}

function presentName(name) {
  return SECTIONS.find((section) => section.toLowerCase() === name.toLowerCase()) ?? name;
}

function presentFields(section, value) {
  if (!["acls", "grants", "ssh"].includes(section) || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const present = (field) => (section === "acls" && OLD_FIELDS[field.toLowerCase()]) || lowerFirst(field);
  return Object.fromEntries(Object.entries(value).map(([field, content]) => [present(field), content]));
}

function lowerFirst(field) {
  return field === field.toUpperCase() ? field.toLowerCase() : field.charAt(0).toLowerCase() + field.slice(1);
}

function lineAt(text, offset) {
  return text.slice(0, offset).split("\n").length;
}
