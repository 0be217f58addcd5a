import { type ParseError, createScanner, parse, printParseErrorCode } from "jsonc-parser";

/** jsonc-parser's SyntaxKind, a const enum that a bundler cannot see. */
const KIND = { closeBrace: 2, closeBracket: 4, comma: 5, lineBreak: 14, trivia: 15, endOfFile: 17 } as const;

/** What is wrong with the text as HuJSON; undefined if nothing is. */
export function huJsonFault(text: string): string | undefined {
  const errors: ParseError[] = [];
  parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  return first && `${printParseErrorCode(first.error)} at offset ${first.offset}`;
}

/** The text as plain JSON without spaces. */
export const minimizeHuJson = (text: string): string => JSON.stringify(parse(text, [], { allowTrailingComma: true }));

/** True if the texts differ in blanks and trailing commas only: comments count, as they do in the provider's canonical form. */
export function isSameHuJson(one: string, other: string): boolean {
  if (huJsonFault(one) !== undefined || huJsonFault(other) !== undefined) return false;
  const [left, right] = [significantTokens(one), significantTokens(other)];
  return left.length === right.length && left.every((token, index) => token === right[index]);
}

function significantTokens(text: string): string[] {
  const scanner = createScanner(text, false);
  const tokens: string[] = [];
  for (let kind: number = scanner.scan(); kind !== KIND.endOfFile; kind = scanner.scan()) {
    if (kind === KIND.lineBreak || kind === KIND.trivia) continue;
    const trailingComma = (kind === KIND.closeBrace || kind === KIND.closeBracket) && tokens.at(-1) === ",";
    if (trailingComma) tokens.pop();
    tokens.push(text.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength()));
  }
  return tokens;
}
