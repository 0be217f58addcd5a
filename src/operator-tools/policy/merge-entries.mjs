import { mentions } from "./own-entries.mjs";
import { policyEntries } from "./policy-document.mjs";
import { entryText } from "./entry-text.mjs";
import { changesOf, idOf, isOurs, marked, ours, outermost, samePath } from "./marked-entries.mjs";
import { entriesOf, entryMark, sameEntry } from "./markers.mjs";
import { nodeAt, presentAt, readTree } from "./policy-tree.mjs";
import { findConflicts } from "./find-conflicts.mjs";
import { insertInFront, removals, splice, withoutUnused, withSections } from "./text-edits.mjs";
import { findUnclear } from "./find-unreadable.mjs";
import { TAG_OWNERS, wantedEntries } from "./wanted-entries.mjs";

/** @import { PolicyCluster } from "./cluster-rules.cjs" */
/** @import { MarkOwner, PlacedEntry, PolicyChange } from "./marked-entries.mjs" */
/** @import { TreeEntry } from "./markers.mjs" */
/** @import { PolicyTree } from "./policy-tree.mjs" */
/** @import { PolicyRefusal } from "./find-conflicts.mjs" */
/** @import { TextEdit } from "./text-edits.mjs" */
/** @import { WantedPart } from "./wanted-entries.mjs" */

/** @typedef {{ readonly wrote?: readonly string[] | undefined }} WroteBefore `wrote` of an earlier merge */
/**
 * @typedef {object} MergedPolicy
 * @property {string} text The new text; the live one where there are refusals.
 * @property {PolicyChange[]} changes
 * @property {string[]} wrote Our entries in the new text by place and meaning.
 * @property {PolicyRefusal[]} refusals
 */
/**
 * @typedef {object} PolicyWithoutCluster
 * @property {string} text
 * @property {PolicyChange[]} changes
 * @property {string[]} kept Definitions of ours that stay, without our mark, because lines of others name them.
 * @property {PolicyRefusal[]} refusals Only where the text cannot be read.
 */

/**
 * The live policy with what this cluster needs; every other byte stays. `wrote` names our entries; given back at a later call, they are ours
 * also where their marks were taken away. Pure.
 * @type {(liveText: string, cluster: PolicyCluster, before?: WroteBefore) => MergedPolicy}
 */
export function mergePolicy(liveText, cluster, { wrote = [] } = {}) {
  /** @type {(why: PolicyRefusal[]) => MergedPolicy} */
  const untouched = (why) => ({ text: liveText, changes: [], wrote: [...wrote], refusals: why });
  const why = findUnclear(liveText, cluster);
  if (why.length > 0) return untouched(why);
  const others = readTree(stripped(liveText, cluster, wrote));
  const faults = findConflicts(readTree(liveText), others, cluster);
  if (faults.length > 0) return untouched(faults);

  const wanted = wantedEntries(others, cluster);
  let text = withoutStale(liveText, wanted, cluster);
  // Each section is put in front of the others, so that the last one made stands first.
  for (const part of wanted.toReversed()) text = withEntries(text, part, cluster, wrote);
  text = withoutUnused(text);
  return { text, changes: changesOf(liveText, text, cluster), wrote: marked(readTree(text), cluster).map(idOf), refusals: [] };
}

/**
 * The policy without this cluster's entries, and without what was made for them alone. The entry of our tag stays where rules of others still
 * speak of it, because the tailnet refuses a policy with an undefined tag. Pure.
 * @type {(text: string, cluster: MarkOwner & Pick<PolicyCluster, "tag">, before?: WroteBefore) => PolicyWithoutCluster}
 */
export function removeCluster(text, cluster, { wrote = [] } = {}) {
  const why = findUnclear(text, cluster);
  if (why.length > 0) return { text, changes: [], kept: [], refusals: why };
  const without = stripped(text, cluster, wrote);
  const isDefined = nodeAt(readTree(without).root, [...TAG_OWNERS, cluster.tag]) !== undefined;
  const tagEntry = ours(readTree(text), cluster, wrote).find(({ path, key }) => samePath(path, TAG_OWNERS) && key === cluster.tag);
  if (isDefined || !tagEntry || !policyEntries(without).some(({ value }) => mentions(value, cluster.tag))) {
    return { text: without, changes: changesOf(text, without, cluster), kept: [], refusals: [] };
  }
  const id = idOf(tagEntry);
  const unmarked = tagEntry.mark ? splice(text, [markPart(text, tagEntry.mark)]) : text;
  const kept = stripped(
    unmarked,
    cluster,
    wrote.filter((other) => other !== id),
  );
  return { text: kept, changes: changesOf(text, kept, cluster), kept: [`tagOwners "${cluster.tag}"`], refusals: [] };
}

/**
 * The text without our entries in lists and objects that hold nothing of ours any more: an earlier tag, or the other form of rules.
 * @type {(text: string, wanted: readonly WantedPart[], cluster: MarkOwner) => string}
 */
function withoutStale(text, wanted, cluster) {
  const stale = marked(readTree(text), cluster).filter((entry) => !wanted.some(({ path }) => samePath(path, entry.path)));
  return stale.length === 0 ? text : withoutUnused(splice(text, removals(outermost(stale))));
}

/**
 * One list or object with these entries of the cluster, at the place of those that it has; untouched where they say the same.
 * @type {(text: string, part: WantedPart, cluster: MarkOwner, wrote: readonly string[]) => string}
 */
function withEntries(text, { path, brackets, entries }, cluster, wrote) {
  if (entries.length === 0 && !nodeAt(readTree(text).root, path)) return text;
  const made = withSections(text, path, brackets);
  const tree = readTree(made);
  const container = presentAt(tree, path);
  const all = entriesOf(tree, container).map((entry) => ({ ...entry, path }));
  const mine = all.filter((entry) => isOurs(entry, cluster, wrote) || isLetterForLetter(tree, entry, entries));
  const theirs = all.filter((entry) => !mine.includes(entry));
  // What others have written already is not written twice, unless it stands here from before.
  const due = entries.filter((entry) => mine.some((own) => sameEntry(own, entry)) || !theirs.some((other) => sameEntry(other, entry)));
  const isAsWanted =
    mine.length === due.length &&
    mine.every((entry) => isMarkedBy(entry, cluster) && due.some((other) => sameEntry(entry, other))) &&
    due.every((entry) => mine.some((own) => sameEntry(own, entry)));
  if (isAsWanted) return due.length === 0 ? text : made;

  const lines = due.map((entry) => {
    const own = mine.find((other) => sameEntry(other, entry));
    const written = own ? made.slice(own.node.offset, own.node.offset + own.node.length) : entryText(entry);
    return `${written}, ${entryMark(cluster)}`;
  });
  const [first] = mine;
  if (first?.isWholeLine) {
    const lead = /^\r?\n[ \t]*/.exec(made.slice(first.start))?.[0] ?? "\n";
    return splice(made, [...removals(mine), { start: first.start, end: first.start, text: lines.map((line) => lead + line).join("") }]);
  }
  const cleared = readTree(splice(made, removals(mine)));
  return lines.length === 0 ? cleared.text : insertInFront(cleared, presentAt(cleared, path), lines);
}

/** @type {(text: string, cluster: MarkOwner, wrote: readonly string[]) => string} */
function stripped(text, cluster, wrote) {
  return withoutUnused(splice(text, removals(outermost(ours(readTree(text), cluster, wrote)))));
}

/** @type {(entry: TreeEntry, cluster: MarkOwner) => boolean} */
function isMarkedBy({ mark, stack }, cluster) {
  return mark !== undefined && stack === cluster.stack;
}

/**
 * A rule or test that is ours to the letter has lost its mark: nobody else writes it so. A key of an object can be anybody's.
 * @type {(tree: PolicyTree, entry: PlacedEntry, entries: WantedPart["entries"]) => boolean}
 */
function isLetterForLetter({ text }, { node, key, cluster, hasOtherComment }, entries) {
  if (key !== undefined || cluster !== undefined || hasOtherComment || node.type !== "object") return false;
  return entries.some((entry) => entryText(entry) === text.slice(node.offset, node.offset + node.length));
}

/** @type {(text: string, mark: { readonly offset: number; readonly end: number }) => TextEdit} */
function markPart(text, { offset, end }) {
  return { start: text[offset - 1] === " " ? offset - 1 : offset, end };
}
