import { mentions } from "./own-entries.mjs";
import { canonical, lineAt } from "./policy-document.mjs";
import { entriesOf } from "./markers.mjs";
import { containersOf, readTree } from "./policy-tree.mjs";

/** @import { PolicyCluster } from "./cluster-rules.cjs" */
/** @import { TreeEntry } from "./markers.mjs" */
/** @import { Path, PolicyTree } from "./policy-tree.mjs" */

/** @typedef {Pick<PolicyCluster, "name" | "stack">} MarkOwner */
/** @typedef {TreeEntry & { path: Path }} PlacedEntry */
/** @typedef {{ name: string; tags: string[]; podCidrs: string[] }} MarkedCluster */
/**
 * A line that one text has and the other has not.
 * @typedef {object} PolicyChange
 * @property {"add" | "remove"} action
 * @property {string} section For example `autoApprovers.routes`.
 * @property {string} entry
 * @property {number} line In the new text for `add`, in the old one for `remove`.
 */

/**
 * The clusters whose entries a policy holds, by their marks. Throws as parsePolicy.
 * @type {(text: string) => MarkedCluster[]}
 */
export function listClusters(text) {
  return markedClusters(readTree(text));
}

/** @type {(tree: PolicyTree) => MarkedCluster[]} */
export function markedClusters(tree) {
  /** @type {Map<string, { name: string; tags: Set<string>; podCidrs: Set<string> }>} */
  const clusters = new Map();
  for (const { cluster: name, key, path } of allEntries(tree)) {
    if (name === undefined) continue;
    const found = clusters.get(name) ?? { name, tags: new Set(), podCidrs: new Set() };
    clusters.set(name, found);
    const [section, part] = path.map((step) => String(step).toLowerCase());
    if (section === "tagowners") found.tags.add(key ?? String(path[1]));
    if (section === "autoapprovers" && part === "routes") found.podCidrs.add(key ?? String(path[2]));
  }
  return [...clusters.values()].map(({ name, tags, podCidrs }) => ({ name, tags: [...tags], podCidrs: [...podCidrs] }));
}

/** @type {(tree: PolicyTree, cluster: MarkOwner, wrote: readonly string[]) => PlacedEntry[]} */
export function ours(tree, cluster, wrote) {
  if (wrote.length === 0 && !tree.text.includes(cluster.name)) return [];
  return allEntries(tree).filter((entry) => isOurs(entry, cluster, wrote));
}

/** @type {(tree: PolicyTree, cluster: MarkOwner) => PlacedEntry[]} */
export function marked(tree, cluster) {
  return ours(tree, cluster, []);
}

/** @type {(entry: PlacedEntry, cluster: MarkOwner, wrote: readonly string[]) => boolean} */
export function isOurs(entry, { name, stack }, wrote) {
  if (entry.cluster === undefined) return wrote.length > 0 && wrote.includes(idOf(entry));
  return entry.cluster === name && (stack === undefined || entry.stack === undefined || entry.stack === stack);
}

/**
 * Whether entries without a mark speak of this cluster's tag, pods or Service: they may be ours, whose marks somebody took away.
 * @type {(text: string, cluster: Pick<PolicyCluster, "tag" | "podCidr" | "service">) => boolean}
 */
export function mayHoldUnmarked(text, { tag, podCidr, service }) {
  const entries = allEntries(readTree(text));
  const bearers = entries.filter(({ cluster }) => cluster !== undefined);
  /** @type {(entry: PlacedEntry) => boolean} */
  const isInside = ({ node }) => bearers.some((bearer) => bearer.start <= node.offset && node.offset < bearer.end);
  /** @type {(entry: PlacedEntry) => boolean} */
  const isNamed = ({ key, value }) =>
    [tag, podCidr, ...(service === undefined ? [] : [service])].some((name) => key === name || mentions(value, name));
  return entries.some((entry) => isNamed(entry) && !isInside(entry));
}

/**
 * The entries of this cluster's name that another stack has marked.
 * @type {(tree: PolicyTree, cluster: MarkOwner) => PlacedEntry[]}
 */
export function ofOtherStacks(tree, { name, stack }) {
  if (stack === undefined) return [];
  return allEntries(tree).filter((entry) => entry.cluster === name && entry.stack !== undefined && entry.stack !== stack);
}

/** @type {(entries: readonly PlacedEntry[]) => PlacedEntry[]} */
export function outermost(entries) {
  return entries.filter((entry) => !entries.some((other) => other !== entry && other.start <= entry.start && other.end >= entry.end));
}

/**
 * An entry by its place and meaning, whatever it looks like.
 * @type {(entry: Pick<PlacedEntry, "path" | "key" | "value">) => string}
 */
export function idOf({ path, key, value }) {
  return `${path.join(" ").toLowerCase()} ${key ?? canonical(value)}`;
}

/**
 * The entries of a cluster that are in one text and not in the other.
 * @type {(before: string, after: string, cluster: MarkOwner) => PolicyChange[]}
 */
export function changesOf(before, after, cluster) {
  const [old, now] = [writtenLines(before, cluster), writtenLines(after, cluster)];
  /** @type {(action: PolicyChange["action"]) => (line: WrittenLine) => PolicyChange} */
  const as = (action) => (line) => ({ action, ...line });
  return [...minus(old, now).map(as("remove")), ...minus(now, old).map(as("add"))];
}

/** @typedef {Omit<PolicyChange, "action">} WrittenLine */

/** @type {(text: string, cluster: MarkOwner) => WrittenLine[]} */
function writtenLines(text, cluster) {
  return marked(readTree(text), cluster).map(({ node, path }) => ({
    section: path.join("."),
    entry: text.slice(node.offset, node.offset + node.length),
    line: lineAt(text, node.offset),
  }));
}

/** @type {(entries: readonly WrittenLine[], others: readonly WrittenLine[]) => WrittenLine[]} */
function minus(entries, others) {
  const left = [...others];
  return entries.filter(({ section, entry }) => {
    const index = left.findIndex((other) => other.section === section && other.entry === entry);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

/** @type {(one: Path, other: Path) => boolean} */
export function samePath(one, other) {
  return one.map(String).join("\0").toLowerCase() === other.map(String).join("\0").toLowerCase();
}

/**
 * Entries marked as this cluster's that do not begin their line: the mark at its end may be meant for what stands before.
 * @type {(tree: PolicyTree, cluster: MarkOwner) => PlacedEntry[]}
 */
export function sharingLine(tree, cluster) {
  return marked(tree, cluster).filter(({ isBehindAnother }) => isBehindAnother);
}

const LISTS = ["acls", "grants", "tests"];

/**
 * Whether a list or object is one in which entries of ours stand. A mark anywhere else, behind a whole section or inside a rule, got there by hand.
 * @type {(path: Path) => boolean}
 */
function holdsEntries(path) {
  const [section = "", part] = path.map((step) => String(step).toLowerCase());
  if (LISTS.includes(section)) return path.length === 1;
  if (section === "tagowners") return path.length <= 2;
  return section === "autoapprovers" && (part === "routes" || part === "services") && path.length <= 3;
}

/** @type {WeakMap<PolicyTree, PlacedEntry[]>} */
const entriesByTree = new WeakMap();

/** @type {(tree: PolicyTree) => PlacedEntry[]} */
function allEntries(tree) {
  const known = entriesByTree.get(tree);
  if (known) return known;
  const places = [...containersOf(tree.root)].filter(({ path }) => holdsEntries(path));
  const entries = places.flatMap(({ node, path }) => entriesOf(tree, node).map((entry) => ({ ...entry, path })));
  entriesByTree.set(tree, entries);
  return entries;
}
