import Table from "cli-table3";

/** @import { Fault } from "./fault.mjs" */
/** @import { Case, Path } from "./judge.mjs" */
/** @import { Seen } from "./look.mjs" */

/** From here on a matrix is no help on a screen. */
const MOST_IN_MATRIX = 16;
/**
 * For people: the faults first.
 * @type {(seen: Seen, faults: readonly Fault[], seconds: number) => string}
 */
export function renderReport(seen, faults, seconds) {
  const { nodes, cases, warnings } = seen;
  const count = (/** @type {Case["verdict"]} */ verdict) => cases.filter((one) => one.verdict === verdict).length;
  const unable = [...new Set(cases.filter(({ verdict }) => verdict === "unable").map(({ from, seen: why }) => `${from}: ${why}`))];
  const relayed = seen.paths.filter(({ kind }) => kind === "relay" || kind === "peer relay");
  const parts = [
    faults.map(renderFault).join("\n\n"),
    matrixOf(seen),
    [
      ...describeRelays(relayed),
      ...warnings,
      ...unable.map((one) => `not looked at on ${one}`),
      ...(seen.isSampled ? ["Of this many nodes each looked at some others, and every two sites at each other; not every pair."] : []),
    ].join("\n"),
    `${nodes.length} nodes, ${count("passed")} checks passed, ${count("failed")} failed${count("unable") > 0 ? `, ${count("unable")} not possible` : ""}, in ${seconds.toFixed(1)} s: ${verdictOf(faults)}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** @type {(faults: readonly Fault[]) => string} */
const verdictOf = (faults) =>
  faults.length === 0 ? "the cluster is well" : `${faults.length} ${faults.length === 1 ? "fault" : "faults"}`;

/** @type {(fault: Fault, index: number) => string} */
function renderFault({ what, seen, cause, remedy }, index) {
  return [`${index + 1}. ${what}`, `   seen:   ${seen}`, `   likely: ${cause}`, `   do:     ${remedy}`].join("\n");
}

const MOST_PAIRS = 6;

/**
 * Pairs that are relayed for the same reason together.
 * @type {(relayed: readonly Path[]) => string[]}
 */
function describeRelays(relayed) {
  /** @type {Map<string, Set<string>>} */
  const byReason = new Map();
  for (const { from, to, why = "" } of relayed) byReason.set(why, (byReason.get(why) ?? new Set()).add([from, to].sort().join(" - ")));
  return [...byReason].map(([why, pairs]) => {
    const named = [...pairs].slice(0, MOST_PAIRS).join(", ");
    const more = pairs.size > MOST_PAIRS ? ` and ${pairs.size - MOST_PAIRS} more` : "";
    return `Relayed, so slower than it could be: ${named}${more}. ${why}`;
  });
}

/**
 * Who reaches whom how: milliseconds where the path is direct, with `r` where it is relayed, `-` without one, `!` where something between the two failed.
 * @type {(seen: Seen) => string}
 */
function matrixOf({ nodes, paths, cases }) {
  if (nodes.length > MOST_IN_MATRIX || nodes.length < 2) return "";
  const cell = (/** @type {string} */ from, /** @type {string} */ to) => {
    if (from === to) return "";
    const path = paths.find((one) => one.from === from && one.to === to);
    const fault = cases.some((one) => one.verdict === "failed" && one.from === from && one.to === to) ? "!" : "";
    if (path === undefined) return fault;
    return `${path.kind === "none" ? "-" : `${path.kind === "direct" ? "" : "r"}${Math.round(path.ms ?? 0)}`}${fault}`;
  };
  const table = new Table({ head: ["ms", ...nodes.map(({ name }) => name)], style: { head: [], border: [] } });
  for (const { name } of nodes) table.push([name, ...nodes.map((other) => cell(name, other.name))]);
  return `${table.toString()}\nms from a node (line) to a node (column); r: relayed; -: no path; !: a check between the two failed`;
}

/**
 * For programs.
 * @type {(seen: Seen, faults: readonly Fault[], time: string) => string}
 */
export function renderJson({ nodes, cases, paths, warnings, isSampled }, faults, time) {
  return JSON.stringify({ time, isWell: faults.length === 0, isSampled, faults, warnings, nodes, paths, cases }, undefined, 2);
}
