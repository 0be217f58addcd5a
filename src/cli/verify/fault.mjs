/** @import { Case } from "./judge.mjs" */

/**
 * What is the matter, once for all cases that it explains.
 * @typedef {{ readonly what: string; readonly seen: string; readonly cause: string; readonly remedy: string; readonly cases: readonly Case[] }} Fault
 */

/** @type {(one: Case, node: string) => boolean} */
export const concerns = (one, node) => one.from === node || one.to === node;

const MOST_NAMED = 4;

/** @type {(cases: readonly Case[]) => string} */
export function pairsOf(cases) {
  const pairs = [...new Set(cases.map(({ from, to }) => `${from} -> ${to}`))];
  const more = pairs.length - MOST_NAMED;
  return pairs.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
