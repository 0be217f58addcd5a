import { mentions } from "../own-entries.mjs";
import { canonical } from "../policy-document.mjs";
import { entriesOf } from "./markers.mjs";
import { containersOf, lineAt, readTree } from "./policy-tree.mjs";

/** The clusters whose entries a policy holds, by their marks: [{name, tags, podCidrs}]. Throws as parsePolicy. */
export function clustersIn(text) {
  return markedClusters(readTree(text));
}

export function markedClusters(tree) {
  const clusters = new Map();
  for (const entry of allEntries(tree)) {
    if (entry.cluster === undefined) continue;
    if (!clusters.has(entry.cluster)) clusters.set(entry.cluster, { name: entry.cluster, tags: new Set(), podCidrs: new Set() });
    const { tags, podCidrs } = clusters.get(entry.cluster);
    const [section, part] = entry.path.map((step) => String(step).toLowerCase());
    if (section === "tagowners") tags.add(entry.key ?? entry.path[1]);
    if (section === "autoapprovers" && part === "routes") podCidrs.add(entry.key ?? entry.path[2]);
  }
  return [...clusters.values()].map(({ name, tags, podCidrs }) => ({ name, tags: [...tags], podCidrs: [...podCidrs] }));
}

export function ours(tree, cluster, wrote) {
  if (wrote.length === 0 && !tree.text.includes(cluster.name)) return [];
  return allEntries(tree).filter((entry) => isOurs(entry, cluster, wrote));
}

export function marked(tree, cluster) {
  return ours(tree, cluster, []);
}

export function isOurs(entry, { name, stack }, wrote) {
  if (entry.cluster === undefined) return wrote.length > 0 && wrote.includes(idOf(entry));
  return entry.cluster === name && (stack === undefined || entry.stack === undefined || entry.stack === stack);
}

/** Whether entries without a mark speak of this cluster's tag or pods: they may be ours, whose marks somebody took away. */
export function mayHoldUnmarked(text, { tag, podCidr }) {
  const entries = allEntries(readTree(text));
  const bearers = entries.filter(({ cluster }) => cluster !== undefined);
  const isInside = ({ node }) => bearers.some((bearer) => bearer.start <= node.offset && node.offset < bearer.end);
  const isNamed = ({ key, value }) => [tag, podCidr].some((name) => key === name || mentions(value, name));
  return entries.some((entry) => isNamed(entry) && !isInside(entry));
}

/** The entries of this cluster's name that another stack has marked. */
export function ofOtherStacks(tree, { name, stack }) {
  if (stack === undefined) return [];
  return allEntries(tree).filter((entry) => entry.cluster === name && entry.stack !== undefined && entry.stack !== stack);
}

export function outermost(entries) {
  return entries.filter((entry) => !entries.some((other) => other !== entry && other.start <= entry.start && other.end >= entry.end));
}

/** An entry by its place and meaning, whatever it looks like. */
export function idOf({ path, key, value }) {
  return `${path.join(" ").toLowerCase()} ${key ?? canonical(value)}`;
}

/** The entries of a cluster that are in one text and not in the other: [{action, section, entry, line}]. */
export function changesOf(before, after, cluster) {
  const [old, now] = [before, after].map((text) => {
    const tree = readTree(text);
    return marked(tree, cluster).map((entry) => ({
      section: entry.path.join("."),
      entry: text.slice(entry.node.offset, entry.node.offset + entry.node.length),
      line: lineAt(text, entry.node.offset),
    }));
  });
  return [...minus(old, now).map((one) => ({ action: "remove", ...one })), ...minus(now, old).map((one) => ({ action: "add", ...one }))];
}

function minus(entries, others) {
  const left = [...others];
  return entries.filter(({ section, entry }) => {
    const index = left.findIndex((other) => other.section === section && other.entry === entry);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

export function samePath(one, other) {
  return one.map(String).join("\0").toLowerCase() === other.map(String).join("\0").toLowerCase();
}

/** Entries marked as this cluster's that do not begin their line: the mark at its end may be meant for what stands before. */
export function sharingLine(tree, cluster) {
  return marked(tree, cluster).filter(({ isBehindAnother }) => isBehindAnother);
}

const LISTS = ["acls", "grants", "tests"];

/** Whether a list or object is one in which entries of ours stand. A mark anywhere else, behind a whole section or inside a rule, got there by hand. */
function holdsEntries(path) {
  const [section, part] = path.map((step) => String(step).toLowerCase());
  if (LISTS.includes(section)) return path.length === 1;
  if (section === "tagowners") return path.length <= 2;
  return section === "autoapprovers" && part === "routes" && path.length <= 3;
}

const entriesByTree = new WeakMap();

function allEntries(tree) {
  if (!entriesByTree.has(tree)) {
    const places = [...containersOf(tree.root)].filter(({ path }) => holdsEntries(path));
    const entries = places.flatMap(({ node, path }) => entriesOf(tree, node).map((entry) => ({ ...entry, path })));
    entriesByTree.set(tree, entries);
  }
  return entriesByTree.get(tree);
}
