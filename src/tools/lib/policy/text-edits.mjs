import { entriesOf, openedMark, SECTION_MARK, structureMark } from "./markers.mjs";
import { commentsIn, containersOf, lineLead, nodeAt, readTree, restOfLine, valueOf } from "./policy-tree.mjs";

/** Replaces parts of a text, given as {start, end, text?}; none overlaps another. */
export function splice(text, edits) {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((now, edit) => now.slice(0, edit.start) + (edit.text ?? "") + now.slice(edit.end), text);
}

/**
 * Puts lines in front of what a list or object holds. Behind the bracket, where no comma of others is touched: the entry brings its own,
 * and before `]` it may trail. Where something follows the bracket on its line, a line break comes first, with a mark that says so.
 */
export function insertInFront(tree, container, lines) {
  const { text } = tree;
  const eol = lineBreakOf(text);
  const indent = childIndent(tree, container);
  const block = lines.map((line) => `${eol}${indent}${line}`).join("");
  const bracketEnd = container.offset + 1;
  const { lineEnd } = restOfLine(tree, bracketEnd, { mayHoldComma: false });
  if (lineEnd !== undefined) return splice(text, [{ start: lineEnd, end: lineEnd, text: block }]);
  const blanks = container.children.length > 0 ? indent : lineIndent(text, container.offset);
  return splice(text, [{ start: bracketEnd, end: bracketEnd, text: ` ${openedMark(blanks.length)}${block}${eol}${blanks}` }]);
}

/** Makes the sections that a path lacks. The last is a list or an object; those above are objects. */
export function withSections(text, path, brackets) {
  let now = text;
  for (let depth = 1; depth <= path.length; depth += 1) {
    const tree = readTree(now);
    if (nodeAt(tree.root, path.slice(0, depth))) continue;
    const [open, close] = depth === path.length ? brackets : "{}";
    now = insertInFront(tree, nodeAt(tree.root, path.slice(0, depth - 1)), [
      `${JSON.stringify(path[depth - 1])}: ${open} ${SECTION_MARK}`,
      `${close},`,
    ]);
  }
  return now;
}

/** The edits that take entries out, with their lines. */
export function removals(entries) {
  return entries.flatMap(({ start, end, strayComma }) => [
    { start, end },
    ...(strayComma === undefined ? [] : [{ start: strayComma, end: strayComma + 1 }]),
  ]);
}

/** Takes out sections that were made and line breaks that were put in for entries of which none is left, of any cluster. */
export function withoutUnused(text) {
  for (let now = text; ;) {
    if (!now.includes("hybrid-k3s (")) return now;
    const tree = readTree(now);
    const unused = [...containersOf(tree.root)].find(({ node }) => structureMark(tree, node) && !isUsed(tree, node));
    if (!unused) return now;
    now = splice(now, unusedParts(tree, unused));
  }
}

function isUsed(tree, container) {
  return entriesOf(tree, container).some(
    ({ cluster, node }) => cluster !== undefined || structureMark(tree, valueOf(node))?.kind === "section",
  );
}

function unusedParts(tree, { node, path }) {
  const { text } = tree;
  const mark = structureMark(tree, node);
  const markStart = text[mark.offset - 1] === " " ? mark.offset - 1 : mark.offset;
  if (mark.kind === "opened") {
    const put = new RegExp(`^\\r?\\n[ \\t]{0,${mark.blanks}}`).exec(text.slice(mark.end));
    return [{ start: markStart, end: mark.end + (put?.[0].length ?? 0) }];
  }
  // What others have written into a section of ours keeps it.
  if (node.children.length > 0 || commentsIn(tree, node).length > 1) return [{ start: markStart, end: mark.end }];
  return removals(entriesOf(tree, nodeAt(tree.root, path.slice(0, -1))).filter((entry) => valueOf(entry.node) === node));
}

function childIndent(tree, container) {
  const own = firstLineStart(tree.text, container);
  if (own !== undefined) return own;
  return lineIndent(tree.text, container.offset) + (firstLineStart(tree.text, tree.root) || "  ");
}

/** The blanks before the first entry that begins its line. */
function firstLineStart(text, container) {
  return (container.children ?? []).map(({ offset }) => lineLead(text, offset)).find(Boolean)?.blanks;
}

function lineIndent(text, offset) {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset))[0];
}

function lineBreakOf(text) {
  return /\r?\n/.exec(text)?.[0] ?? "\n";
}
