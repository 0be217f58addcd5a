import { canonical, valueOfNode } from "./policy-document.mjs";
import { isContainer, lineLead, nextComma, restOfLine, valueOf } from "./policy-tree.mjs";

/** @import { Node } from "jsonc-parser" */
/** @import { PolicyTree, Token } from "./policy-tree.mjs" */

/**
 * An entry of a list or object in a policy, whoever wrote it.
 * @typedef {object} TreeEntry
 * @property {Node} node
 * @property {string | undefined} key Absent in a list.
 * @property {unknown} value
 * @property {string | undefined} cluster The name in the entry's mark.
 * @property {string | undefined} stack The stack in the entry's mark.
 * @property {Token | undefined} mark
 * @property {boolean} hasOtherComment
 * @property {boolean} isBehindAnother The one before it ends on the same line.
 * @property {number} start What it takes with it, from here ...
 * @property {number} end ... to here.
 * @property {boolean} isWholeLine
 * @property {number | undefined} strayComma A comma that others have put below it.
 */

// Each entry of ours carries its cluster's name at the end of its own line: so that it stays recognised when others write lines between
// ours, sort them, or reformat the file. What holds entries of several clusters carries no name. The stack stands behind it as in the
// hosts' markers: two stacks may call their clusters alike, and none may take the other's lines for its own.
// A word of theirs behind the stack's name must not make the mark one without a stack.
const ENTRY = /^\/[/*]\s*hybrid-k3s:\s*([-\w.]+)(?:\s+\(stack ([^\s)]+)\)|(?=\s|\*\/|$)(?!\s+\(stack ))/;
const SECTION = /^\/\/\s*hybrid-k3s \(section\)/;
const OPENED = /^\/\/\s*hybrid-k3s \(opened(?: (\d+))?\)/;

/** @type {(cluster: { readonly name: string; readonly stack?: string | undefined }) => string} */
export function entryMark({ name, stack }) {
  return `// hybrid-k3s: ${name}${stack === undefined ? "" : ` (stack ${stack})`}`;
}

/** Stands behind the bracket of a list or object that was made for our entries, and goes with the last of them. */
export const SECTION_MARK = "// hybrid-k3s (section)";

/**
 * Stands behind a bracket after which a line break was put in for our entries, with so many blanks before what follows.
 * @type {(blanks: number) => string}
 */
export function openedMark(blanks) {
  return `// hybrid-k3s (opened${blanks === 0 ? "" : ` ${blanks}`})`;
}

/**
 * The entries of a list or object.
 * @type {(tree: PolicyTree, container: Node) => TreeEntry[]}
 */
export function entriesOf(tree, container) {
  return (container.children ?? []).flatMap((node, index, all) => {
    const value = valueOf(node);
    if (value === undefined) return [];
    const before = all[index - 1];
    const rest = restOfLine(tree, node.offset + node.length, { mayHoldComma: true });
    const mark = rest.comments.find((comment) => ENTRY.test(textOf(tree, comment)));
    const [, cluster, stack] = (mark && ENTRY.exec(textOf(tree, mark))) ?? [];
    return {
      node,
      key: node.type === "property" ? String(node.children?.[0]?.value) : undefined,
      value: valueOfNode(value),
      cluster,
      stack,
      mark,
      hasOtherComment: rest.comments.some((comment) => comment !== mark),
      isBehindAnother: before !== undefined && !tree.text.slice(before.offset + before.length, node.offset).includes("\n"),
      ...extent(tree, node, mark, rest.comma),
    };
  });
}

/** @typedef {{ readonly offset: number; readonly end: number } & ({ readonly kind: "section" } | { readonly kind: "opened"; readonly blanks: number })} StructureMark */

/**
 * The mark behind the bracket of a list or object that this program made or opened.
 * @type {(tree: PolicyTree, container: Node | undefined) => StructureMark | undefined}
 */
export function structureMark(tree, container) {
  if (container === undefined || !isContainer(container)) return undefined;
  const { comments } = restOfLine(tree, container.offset + 1, { mayHoldComma: false });
  for (const comment of comments) {
    const text = textOf(tree, comment);
    const { offset, end } = comment;
    if (SECTION.test(text)) return { offset, end, kind: "section" };
    const opened = OPENED.exec(text);
    if (opened) return { offset, end, kind: "opened", blanks: Number(opened[1] ?? 0) };
  }
  return undefined;
}

/** @typedef {{ readonly key?: string | undefined; readonly value: unknown }} KeyValue */

/**
 * Whether two entries say the same.
 * @type {(one: KeyValue, other: KeyValue) => boolean}
 */
export function sameEntry(one, other) {
  return one.key === other.key && canonical(one.value) === canonical(other.value);
}

/**
 * What an entry takes with it: from the end of the line before to the end of its mark, and a comma that others have put below it.
 * @type {(tree: PolicyTree, node: Node, mark: Token | undefined, comma: Token | undefined) => Pick<TreeEntry, "start" | "end" | "isWholeLine" | "strayComma">}
 */
function extent(tree, node, mark, comma) {
  const { text } = tree;
  const end = Math.max(mark?.end ?? 0, comma?.end ?? 0, node.offset + node.length);
  const before = lineLead(text, node.offset);
  // Without a line end behind it, the entry's own line break may be what ends a comment of others.
  const isWholeLine = before !== undefined && (end === text.length || text[end] === "\r" || text[end] === "\n");
  const strayComma = comma === undefined ? nextComma(tree, node.offset + node.length) : undefined;
  return { start: isWholeLine ? before.start : node.offset, end, isWholeLine, strayComma };
}

/** @type {(tree: PolicyTree, part: { readonly offset: number; readonly end: number }) => string} */
function textOf({ text }, { offset, end }) {
  return text.slice(offset, end);
}
