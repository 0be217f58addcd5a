/** @import { Case } from "./judge.mjs" */

/**
 * What is the matter, once for all cases that it explains.
 * @typedef {{ readonly what: string; readonly seen: string; readonly cause: string; readonly remedy: string; readonly cases: readonly Case[] }} Fault
 */

/** @type {(one: Case, node: string) => boolean} */
export const concerns = (one, node) => one.from === node || one.to === node;

const MOST_NAMED = 4;

/** @type {(words: readonly string[]) => string} */
function nameSome(words) {
  const all = [...new Set(words)];
  const more = all.length - MOST_NAMED;
  return all.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** @type {(cases: readonly Case[]) => string} */
export const nodesOf = (cases) => nameSome(cases.map(({ from }) => from));

/** @type {(cases: readonly Case[]) => string} */
export const pairsOf = (cases) => nameSome(cases.map(({ from, to }) => `${from} -> ${to}`));
