import { entriesOf, openedMark, SECTION_MARK, structureMark } from "./markers.mjs";
import { commentsIn, containersOf, lineLead, nodeAt, presentAt, readTree, restOfLine, valueOf } from "./policy-tree.mjs";

/** @import { Node } from "jsonc-parser" */
/** @import { StructureMark, TreeEntry } from "./markers.mjs" */
/** @import { Path, PolicyTree } from "./policy-tree.mjs" */

/** @typedef {{ readonly start: number; readonly end: number; readonly text?: string }} TextEdit */
/** @typedef {"[]" | "{}"} Brackets */

/**
 * Replaces parts of a text; none overlaps another.
 * @type {(text: string, edits: readonly TextEdit[]) => string}
 */
export function splice(text, edits) {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((now, edit) => now.slice(0, edit.start) + (edit.text ?? "") + now.slice(edit.end), text);
}

/**
 * Puts lines in front of what a list or object holds. Behind the bracket, where no comma of others is touched: the entry brings its own,
 * and before `]` it may trail. Where something follows the bracket on its line, a line break comes first, with a mark that says so.
 * @type {(tree: PolicyTree, container: Node, lines: readonly string[]) => string}
 */
export function insertInFront(tree, container, lines) {
  const { text } = tree;
  const eol = lineBreakOf(text);
  const indent = childIndent(tree, container);
  const block = lines.map((line) => `${eol}${indent}${line}`).join("");
  const bracketEnd = container.offset + 1;
  const { lineEnd } = restOfLine(tree, bracketEnd, { mayHoldComma: false });
  if (lineEnd !== undefined) return splice(text, [{ start: lineEnd, end: lineEnd, text: block }]);
  const blanks = (container.children ?? []).length > 0 ? indent : lineIndent(text, container.offset);
  return splice(text, [{ start: bracketEnd, end: bracketEnd, text: ` ${openedMark(blanks.length)}${block}${eol}${blanks}` }]);
}

/**
 * Makes the sections that a path lacks. The last is a list or an object; those above are objects.
 * @type {(text: string, path: Path, brackets: Brackets) => string}
 */
export function withSections(text, path, brackets) {
  let now = text;
  for (let depth = 1; depth <= path.length; depth += 1) {
    const tree = readTree(now);
    if (nodeAt(tree.root, path.slice(0, depth))) continue;
    const [open, close] = depth === path.length ? brackets : "{}";
    now = insertInFront(tree, presentAt(tree, path.slice(0, depth - 1)), [
      `${JSON.stringify(path[depth - 1])}: ${open} ${SECTION_MARK}`,
      `${close},`,
    ]);
  }
  return now;
}

/**
 * The edits that take entries out, with their lines.
 * @type {(entries: readonly TreeEntry[]) => TextEdit[]}
 */
export function removals(entries) {
  return entries.flatMap(({ start, end, strayComma }) => [
    { start, end },
    ...(strayComma === undefined ? [] : [{ start: strayComma, end: strayComma + 1 }]),
  ]);
}

/**
 * Takes out sections that were made and line breaks that were put in for entries of which none is left, of any cluster.
 * @type {(text: string) => string}
 */
export function withoutUnused(text) {
  for (let now = text; ;) {
    if (!now.includes("hybrid-k3s (")) return now;
    const tree = readTree(now);
    const parts = firstUnusedParts(tree);
    if (parts === undefined) return now;
    now = splice(now, parts);
  }
}

/** @type {(tree: PolicyTree) => TextEdit[] | undefined} */
function firstUnusedParts(tree) {
  for (const { node, path } of containersOf(tree.root)) {
    const mark = structureMark(tree, node);
    if (mark && !isUsed(tree, node)) return unusedParts(tree, { node, path, mark });
  }
  return undefined;
}

/** @type {(tree: PolicyTree, container: Node) => boolean} */
function isUsed(tree, container) {
  return entriesOf(tree, container).some(
    ({ cluster, node }) => cluster !== undefined || structureMark(tree, valueOf(node))?.kind === "section",
  );
}

/** @type {(tree: PolicyTree, unused: { readonly node: Node; readonly path: Path; readonly mark: StructureMark }) => TextEdit[]} */
function unusedParts(tree, { node, path, mark }) {
  const { text } = tree;
  const markStart = text[mark.offset - 1] === " " ? mark.offset - 1 : mark.offset;
  if (mark.kind === "opened") {
    const put = new RegExp(`^\\r?\\n[ \\t]{0,${mark.blanks}}`).exec(text.slice(mark.end));
    return [{ start: markStart, end: mark.end + (put?.[0].length ?? 0) }];
  }
  // What others have written into a section of ours keeps it.
  if ((node.children ?? []).length > 0 || commentsIn(tree, node).length > 1) return [{ start: markStart, end: mark.end }];
  return removals(entriesOf(tree, presentAt(tree, path.slice(0, -1))).filter((entry) => valueOf(entry.node) === node));
}

/** @type {(tree: PolicyTree, container: Node) => string} */
function childIndent(tree, container) {
  const own = firstLineStart(tree.text, container);
  if (own !== undefined) return own;
  return lineIndent(tree.text, container.offset) + (firstLineStart(tree.text, tree.root) || "  ");
}

/**
 * The blanks before the first entry that begins its line.
 * @type {(text: string, container: Node) => string | undefined}
 */
function firstLineStart(text, container) {
  return (container.children ?? []).map(({ offset }) => lineLead(text, offset)).find(Boolean)?.blanks;
}

/** @type {(text: string, offset: number) => string} */
function lineIndent(text, offset) {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset))?.[0] ?? "";
}

/** @type {(text: string) => string} */
function lineBreakOf(text) {
  return /\r?\n/.exec(text)?.[0] ?? "\n";
}
