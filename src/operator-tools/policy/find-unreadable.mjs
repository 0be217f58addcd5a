import { lineAt, membersOf, parsePolicy } from "./policy-document.mjs";
import { sharingLine } from "./marked-entries.mjs";
import { containersOf, nodeAt, readTree } from "./policy-tree.mjs";
import { ROUTES, SERVICES, TAG_OWNERS } from "./wanted-entries.mjs";

/** @import { Node } from "jsonc-parser" */
/** @import { MarkOwner } from "./marked-entries.mjs" */
/** @import { Path } from "./policy-tree.mjs" */
/** @import { PolicyRefusal } from "./find-conflicts.mjs" */

const LISTS = [["acls"], ["grants"], ["tests"]];
const OBJECTS = [["tagOwners"], ["autoApprovers"], ROUTES, SERVICES, ["groups"]];
// One policy's names of its sections, whatever their case: the vendor would read either.
const SECTIONS = [...LISTS, ...OBJECTS].map((path) => path.slice(-1).join("").toLowerCase());

/**
 * Why a text cannot be edited at all.
 * @type {(text: string) => PolicyRefusal[]}
 */
export function findUnreadable(text) {
  if (text.trim() === "") {
    const remedy = 'Save a policy first; what holds now is "grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}].';
    return [{ what: "the policy file is empty", remedy, line: 1 }];
  }
  /** @type {Node} */
  let tree;
  try {
    ({ tree } = parsePolicy(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const [, line, mistake] = /^line (\d+): (.*)$/s.exec(error.message) ?? [];
    return [{ what: `the policy is not HuJSON: ${mistake}`, remedy: "Correct this line.", line: Number(line) }];
  }
  return [...duplicateKeys(text, tree), ...wrongTypes(text, tree)];
}

/**
 * Why this cluster's entries cannot be told from others'.
 * @type {(text: string, cluster: MarkOwner) => PolicyRefusal[]}
 */
export function findUnclear(text, cluster) {
  const why = findUnreadable(text);
  if (why.length > 0) return why;
  return sharingLine(readTree(text), cluster).map(({ node }) => ({
    what: `the mark "hybrid-k3s: ${cluster.name}" stands behind several entries, and does not tell which of them is this cluster's`,
    remedy: "Put each entry on a line of its own.",
    line: lineAt(text, node.offset),
  }));
}

/** @type {(text: string, root: Node) => PolicyRefusal[]} */
function duplicateKeys(text, root) {
  return [...containersOf(root)].flatMap(({ node, path }) => {
    const keys = membersOf(node);
    const isNamed = path.length === 0 || (path.length === 1 && String(path[0]).toLowerCase() === "autoapprovers");
    /** @type {(member: { readonly key: string }) => string} */
    const plain = ({ key }) => (isNamed && SECTIONS.includes(key.toLowerCase()) ? key.toLowerCase() : key);
    return keys
      .filter((member, index) => keys.findIndex((other) => plain(other) === plain(member)) < index)
      .map(({ key, keyNode }) => ({
        what: `${JSON.stringify(key)} stands twice in ${path.length === 0 ? "the policy" : path.join(".")}`,
        remedy: "Keep one of the two, with the content of both.",
        line: lineAt(text, keyNode.offset),
      }));
  });
}

/** @type {(text: string, root: Node) => PolicyRefusal[]} */
function wrongTypes(text, root) {
  /** @type {(type: "array" | "object", words: string) => (path: Path) => PolicyRefusal[]} */
  const check = (type, words) => (path) => {
    const node = nodeAt(root, path);
    if (!node || node.type === type) return [];
    return [
      {
        what: `${path.join(".")} is no ${words}`,
        remedy: `Write it as ${type === "array" ? "[...]" : "{...}"}.`,
        line: lineAt(text, node.offset),
      },
    ];
  };
  /** @type {(path: Path) => PolicyRefusal[]} */
  const listsIn = (path) => membersOf(nodeAt(root, path)).flatMap(({ key }) => check("array", "list")([...path, key]));
  return [
    ...LISTS.flatMap(check("array", "list")),
    ...OBJECTS.flatMap(check("object", "object")),
    ...listsIn(TAG_OWNERS),
    ...listsIn(ROUTES),
    ...listsIn(SERVICES),
  ];
}
