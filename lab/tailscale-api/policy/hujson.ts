import { parseTree, printParseErrorCode } from "jsonc-parser";
import type { Node, ParseError } from "jsonc-parser";
import { ApiError } from "../api-error";

/**
 * JSON with comments and trailing commas (github.com/tailscale/hujson; position and prefix of its errors are those of parse.go there).
 * A name that stands twice in one object is refused: the vendor once took the last one (tailscale/tailscale#2807), so that a rule could
 * vanish unnoticed.
 */
export function parseHujson(text: string): unknown {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined || root === undefined)
    throw refusalAt(text, first?.offset ?? 0, first === undefined ? "no value" : printParseErrorCode(first.error));
  return valueOf(root, text);
}

function valueOf(node: Node, text: string): unknown {
  const children = node.children ?? [];
  if (node.type === "array") return children.map((child) => valueOf(child, text));
  if (node.type !== "object") return node.value as unknown;
  const members = new Map<string, unknown>();
  for (const { offset, children: pair = [] } of children) {
    const [name, value] = pair;
    if (name === undefined || value === undefined) throw refusalAt(text, offset, "name without a value");
    const key = String(name.value);
    if (members.has(key)) throw refusalAt(text, offset, `duplicate object member name ${JSON.stringify(key)}`);
    members.set(key, valueOf(value, text));
  }
  return Object.fromEntries(members);
}

function refusalAt(text: string, offset: number, what: string): ApiError {
  const before = text.slice(0, offset).split("\n");
  return new ApiError(400, `hujson: line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${what}`);
}
