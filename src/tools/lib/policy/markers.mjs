import jsonc from "jsonc-parser";
import { canonical } from "../policy-document.mjs";
import { isContainer, lineLead, nextComma, restOfLine, valueOf } from "./policy-tree.mjs";

// Each entry of ours carries its cluster's name at the end of its own line: so that it stays recognised when others write lines between
// ours, sort them, or reformat the file. What holds entries of several clusters carries no name. The stack stands behind it as in the
// hosts' markers: two stacks may call their clusters alike, and none may take the other's lines for its own.
// A word of theirs behind the stack's name must not make the mark one without a stack.
const ENTRY = /^\/[/*]\s*hybrid-k3s:\s*([-\w.]+)(?:\s+\(stack ([^\s)]+)\)|(?=\s|\*\/|$)(?!\s+\(stack ))/;
const SECTION = /^\/\/\s*hybrid-k3s \(section\)/;
const OPENED = /^\/\/\s*hybrid-k3s \(opened(?: (\d+))?\)/;

export function entryMark({ name, stack }) {
  return `// hybrid-k3s: ${name}${stack === undefined ? "" : ` (stack ${stack})`}`;
}

/** Stands behind the bracket of a list or object that was made for our entries, and goes with the last of them. */
export const SECTION_MARK = "// hybrid-k3s (section)";

/** Stands behind a bracket after which a line break was put in for our entries, with so many blanks before what follows. */
export function openedMark(blanks) {
  return `// hybrid-k3s (opened${blanks === 0 ? "" : ` ${blanks}`})`;
}

/**
 * The entries of a list or object: {node, key, value, cluster, stack, start, end, ...}, the two names being those in the entry's mark;
 * `isBehindAnother` tells that the one before it ends on the same line.
 */
export function entriesOf(tree, container) {
  return (container.children ?? []).filter(valueOf).map((node, index, all) => {
    const before = all[index - 1];
    const rest = restOfLine(tree, node.offset + node.length, { mayHoldComma: true });
    const mark = rest.comments.find((comment) => ENTRY.test(textOf(tree, comment)));
    const [, cluster, stack] = mark ? ENTRY.exec(textOf(tree, mark)) : [];
    return {
      node,
      key: node.type === "property" ? node.children[0].value : undefined,
      value: jsonc.getNodeValue(valueOf(node)),
      cluster,
      stack,
      mark,
      hasOtherComment: rest.comments.some((comment) => comment !== mark),
      isBehindAnother: before !== undefined && !tree.text.slice(before.offset + before.length, node.offset).includes("\n"),
      ...extent(tree, node, mark, rest.comma),
    };
  });
}

/** The mark behind the bracket of a list or object that this program made or opened: {kind, blanks, offset, end}. */
export function structureMark(tree, container) {
  if (!isContainer(container)) return undefined;
  const { comments } = restOfLine(tree, container.offset + 1, { mayHoldComma: false });
  for (const comment of comments) {
    const text = textOf(tree, comment);
    if (SECTION.test(text)) return { ...comment, kind: "section" };
    const opened = OPENED.exec(text);
    if (opened) return { ...comment, kind: "opened", blanks: Number(opened[1] ?? 0) };
  }
  return undefined;
}

/** Whether two entries say the same. */
export function sameEntry(one, other) {
  return one.key === other.key && canonical(one.value) === canonical(other.value);
}

/** What an entry takes with it: from the end of the line before to the end of its mark, and a comma that others have put below it. */
function extent(tree, node, mark, comma) {
  const { text } = tree;
  const end = Math.max(mark?.end ?? 0, comma?.end ?? 0, node.offset + node.length);
  const before = lineLead(text, node.offset);
  // Without a line end behind it, the entry's own line break may be what ends a comment of others.
  const isWholeLine = before !== undefined && (end === text.length || text[end] === "\r" || text[end] === "\n");
  const strayComma = comma === undefined ? nextComma(tree, node.offset + node.length) : undefined;
  return { start: isWholeLine ? before.start : node.offset, end, isWholeLine, strayComma };
}

function textOf({ text }, { offset, end }) {
  return text.slice(offset, end);
}
