import jsonc from "jsonc-parser";
import { membersOf, parsePolicy } from "./policy-document.mjs";

/** @import { Node, SyntaxKind } from "jsonc-parser" */

/** @typedef {{ readonly kind: SyntaxKind; readonly offset: number; readonly end: number }} Token */
/** @typedef {{ readonly text: string; readonly root: Node; readonly tokens: readonly Token[]; readonly indexAt: ReadonlyMap<number, number> }} PolicyTree */
/** @typedef {readonly (string | number)[]} Path */

/**
 * One edit asks for the tree of the same few texts again and again.
 * @type {Map<string, PolicyTree>}
 */
const latest = new Map();
const MOST_KEPT = 4;

/**
 * A policy text with its syntax tree and, for what the tree leaves out (comments, commas, line ends), its tokens. Throws as parsePolicy.
 * @type {(text: string) => PolicyTree}
 */
export function readTree(text) {
  const known = latest.get(text);
  if (known) return known;
  const { tree: root } = parsePolicy(text);
  const tokens = tokensOf(text);
  const tree = { text, root, tokens, indexAt: new Map(tokens.map((token, index) => [token.offset, index])) };
  latest.set(text, tree);
  const [oldest] = latest.keys();
  if (latest.size > MOST_KEPT && oldest !== undefined) latest.delete(oldest);
  return tree;
}

/** @type {(text: string) => Token[]} */
function tokensOf(text) {
  const scanner = jsonc.createScanner(text, false);
  /** @type {Token[]} */
  const tokens = [];
  for (;;) {
    const kind = scanner.scan();
    tokens.push({ kind, offset: scanner.getTokenOffset(), end: scanner.getTokenOffset() + scanner.getTokenLength() });
    if (kind === jsonc.SyntaxKind.EOF) return tokens;
  }
}

/**
 * The tokens from an offset on; none where no token begins there.
 * @type {(tree: PolicyTree, offset: number) => Generator<Token>}
 */
function* tokensFrom({ tokens, indexAt }, offset) {
  const first = indexAt.get(offset);
  if (first !== undefined) yield* tokens.slice(first);
}

/** @type {(token: Token) => boolean} */
const isComment = ({ kind }) => kind === jsonc.SyntaxKind.LineCommentTrivia || kind === jsonc.SyntaxKind.BlockCommentTrivia;

/** @typedef {{ comments: Token[]; comma: Token | undefined; lineEnd: number | undefined }} RestOfLine */

/**
 * What stands between an offset and the end of its line, comments and at most one comma. `lineEnd` is undefined where anything else follows
 * on the line.
 * @type {(tree: PolicyTree, offset: number, options: { readonly mayHoldComma: boolean }) => RestOfLine}
 */
export function restOfLine(tree, offset, { mayHoldComma }) {
  /** @type {RestOfLine} */
  const rest = { comments: [], comma: undefined, lineEnd: undefined };
  for (const token of tokensFrom(tree, offset)) {
    if (token.kind === jsonc.SyntaxKind.LineBreakTrivia || token.kind === jsonc.SyntaxKind.EOF) return { ...rest, lineEnd: token.offset };
    if (isComment(token)) rest.comments.push(token);
    else if (token.kind === jsonc.SyntaxKind.CommaToken && mayHoldComma && rest.comma === undefined) rest.comma = token;
    else if (token.kind !== jsonc.SyntaxKind.Trivia) return rest;
  }
  return rest;
}

/**
 * Offset of the comma that comes next after this offset, whatever lines and comments lie between.
 * @type {(tree: PolicyTree, offset: number) => number | undefined}
 */
export function nextComma(tree, offset) {
  for (const token of tokensFrom(tree, offset)) {
    if (token.kind === jsonc.SyntaxKind.CommaToken) return token.offset;
    if (token.kind !== jsonc.SyntaxKind.Trivia && token.kind !== jsonc.SyntaxKind.LineBreakTrivia && !isComment(token)) return undefined;
  }
  return undefined;
}

/**
 * The comments inside a node.
 * @type {(tree: PolicyTree, node: Node) => Token[]}
 */
export function commentsIn({ tokens }, { offset, length }) {
  return tokens.filter((token) => isComment(token) && token.offset > offset && token.offset < offset + length);
}

/** @type {(node: Node) => boolean} */
export function isContainer(node) {
  return node.type === "object" || node.type === "array";
}

/**
 * The node at a path of keys. Sections and their parts have their names in any case, as the vendor reads them.
 * @type {(root: Node, path: Path) => Node | undefined}
 */
export function nodeAt(root, path) {
  /** @type {Node | undefined} */
  let node = root;
  for (const [depth, key] of path.entries()) {
    const wanted = String(key);
    /** @type {(name: string) => boolean} */
    const same = (name) => (depth === 0 || isPartOfSection(path, depth) ? name.toLowerCase() === wanted.toLowerCase() : name === wanted);
    node = membersOf(node).find((member) => same(member.key))?.value;
  }
  return node;
}

/**
 * The node at a path that is there because it was looked for or made before.
 * @type {(tree: PolicyTree, path: Path) => Node}
 */
export function presentAt({ root }, path) {
  const node = nodeAt(root, path);
  if (node === undefined) throw new Error(`The policy has no ${path.join(".")} where it must have one.`);
  return node;
}

/**
 * The values of a list that is written out in a policy, where they are no objects or lists themselves; none of anything else.
 * @type {(node: Node | undefined) => unknown[]}
 */
export function itemsOf(node) {
  return (node?.children ?? []).map((item) => /** @type {unknown} */ (item.value));
}

/**
 * All objects and lists of a policy, each with its path, outer ones first.
 * @type {(node: Node, path?: Path) => Generator<{ node: Node; path: Path }>}
 */
export function* containersOf(node, path = []) {
  if (!isContainer(node)) return;
  yield { node, path };
  if (node.type === "object") for (const { key, value } of membersOf(node)) yield* containersOf(value, [...path, key]);
  else for (const [index, item] of (node.children ?? []).entries()) yield* containersOf(item, [...path, index]);
}

/**
 * The value of a member of an object, or a list's item itself.
 * @type {(child: Node) => Node | undefined}
 */
export function valueOf(child) {
  return child.type === "property" ? child.children?.[1] : child;
}

/**
 * The line end and the blanks before what begins a line; undefined where anything else stands before it.
 * @type {(text: string, offset: number) => { start: number; blanks: string } | undefined}
 */
export function lineLead(text, offset) {
  let start = offset;
  while (text[start - 1] === " " || text[start - 1] === "\t") start -= 1;
  if (text[start - 1] !== "\n") return undefined;
  const blanks = text.slice(start, offset);
  return { start: start - (text[start - 2] === "\r" ? 2 : 1), blanks };
}

/** @type {(path: Path, depth: number) => boolean} */
function isPartOfSection(path, depth) {
  return depth === 1 && path[0] === "autoApprovers";
}
