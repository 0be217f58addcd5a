import jsonc from "jsonc-parser";
import { parsePolicy } from "../policy-document.mjs";

const { CommaToken, LineCommentTrivia, BlockCommentTrivia, LineBreakTrivia, Trivia, EOF } = jsonc.SyntaxKind;

// One edit asks for the tree of the same few texts again and again.
const latest = new Map();
const MOST_KEPT = 4;

/** A policy text with its syntax tree and, for what the tree leaves out (comments, commas, line ends), its tokens. Throws as parsePolicy. */
export function readTree(text) {
  const known = latest.get(text);
  if (known) return known;
  const { tree: root } = parsePolicy(text);
  const tokens = tokensOf(text);
  const tree = { text, root, tokens, indexAt: new Map(tokens.map((token, index) => [token.offset, index])) };
  latest.set(text, tree);
  if (latest.size > MOST_KEPT) latest.delete(latest.keys().next().value);
  return tree;
}

function tokensOf(text) {
  const scanner = jsonc.createScanner(text, false);
  const tokens = [];
  do tokens.push({ kind: scanner.scan(), offset: scanner.getTokenOffset(), end: scanner.getTokenOffset() + scanner.getTokenLength() });
  while (tokens.at(-1).kind !== EOF);
  return tokens;
}

/**
 * What stands between an offset and the end of its line, comments and at most one comma: {comments, comma, lineEnd}. `lineEnd` is undefined
 * where anything else follows on the line.
 */
export function restOfLine({ tokens, indexAt }, offset, { mayHoldComma }) {
  const rest = { comments: [], comma: undefined, lineEnd: undefined };
  for (let index = indexAt.get(offset); ; index += 1) {
    const token = tokens[index];
    if (token.kind === LineBreakTrivia || token.kind === EOF) return { ...rest, lineEnd: token.offset };
    const isComment = token.kind === LineCommentTrivia || token.kind === BlockCommentTrivia;
    if (isComment) rest.comments.push(token);
    else if (token.kind === CommaToken && mayHoldComma && rest.comma === undefined) rest.comma = token;
    else if (token.kind !== Trivia) return rest;
  }
}

/** Offset of the comma that comes next after this offset, whatever lines and comments lie between. */
export function nextComma({ tokens, indexAt }, offset) {
  for (let index = indexAt.get(offset); ; index += 1) {
    const { kind, offset: at } = tokens[index];
    if (kind === CommaToken) return at;
    if (![Trivia, LineBreakTrivia, LineCommentTrivia, BlockCommentTrivia].includes(kind)) return undefined;
  }
}

/** The comments inside a node. */
export function commentsIn({ tokens }, { offset, length }) {
  return tokens.filter(
    ({ kind, offset: at }) => (kind === LineCommentTrivia || kind === BlockCommentTrivia) && at > offset && at < offset + length,
  );
}

export function isContainer(node) {
  return node.type === "object" || node.type === "array";
}

/** The node at a path of keys. Sections and their parts have their names in any case, as the vendor reads them. */
export function nodeAt(root, path) {
  let node = root;
  for (const [depth, key] of path.entries()) {
    const same = (name) => (depth === 0 || isPartOfSection(path, depth) ? name.toLowerCase() === key.toLowerCase() : name === key);
    node = node?.type === "object" ? node.children.find((property) => same(property.children[0].value))?.children[1] : undefined;
  }
  return node;
}

/** All objects and lists of a policy, each with its path, outer ones first. */
export function* containersOf(node, path = []) {
  if (!isContainer(node)) return;
  yield { node, path };
  for (const [index, child] of (node.children ?? []).entries()) {
    const value = valueOf(child);
    if (value) yield* containersOf(value, [...path, child.type === "property" ? child.children[0].value : index]);
  }
}

export function valueOf(child) {
  return child.type === "property" ? child.children[1] : child;
}

/** The line end and the blanks before what begins a line: {start, blanks}; undefined where anything else stands before it. */
export function lineLead(text, offset) {
  let start = offset;
  while (text[start - 1] === " " || text[start - 1] === "\t") start -= 1;
  if (text[start - 1] !== "\n") return undefined;
  const blanks = text.slice(start, offset);
  return { start: start - (text[start - 2] === "\r" ? 2 : 1), blanks };
}

export function lineAt(text, offset) {
  return text.slice(0, offset).split("\n").length;
}

function isPartOfSection(path, depth) {
  return depth === 1 && path[0] === "autoApprovers";
}
