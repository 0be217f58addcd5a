const CONTEXT = 2;

/** @typedef {" " | "-" | "+"} Mark */
/** @typedef {{ readonly mark: Mark; readonly line: string; readonly before: number; readonly after: number }} Step */

/**
 * The changed lines of a policy as a unified diff, with two lines around each change; "" where nothing changed.
 * @type {(oldText: string, newText: string) => string}
 */
export function diffPolicy(oldText, newText) {
  const steps = lineSteps(oldText.split("\n"), newText.split("\n"));
  return hunksOf(steps)
    .map(([from, to]) => hunkText(steps.slice(from, to)))
    .join("\n");
}

/** @type {(hunk: readonly Step[]) => string} */
function hunkText(hunk) {
  const [first] = hunk;
  /** @type {(mark: Mark, at: number | undefined) => string} */
  const range = (mark, at = 0) => `${at + 1},${hunk.filter((step) => step.mark === mark || step.mark === " ").length}`;
  const lines = hunk.map(({ mark, line }) => `${mark}${line.replace(/\r$/, "")}`);
  return [`@@ -${range("-", first?.before)} +${range("+", first?.after)} @@`, ...lines].join("\n");
}

/**
 * The way from one list of lines to the other, with as few changes as there can be.
 * @type {(before: readonly string[], after: readonly string[]) => Step[]}
 */
function lineSteps(before, after) {
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const marks = [
    ...repeated(" ", head),
    ...shortestWay(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...repeated(" ", tail),
  ];

  let [i, j] = [0, 0];
  return marks.map((mark) => {
    const step = { mark, line: (mark === "+" ? after[j] : before[i]) ?? "", before: i, after: j };
    if (mark !== "+") i += 1;
    if (mark !== "-") j += 1;
    return step;
  });
}

/** @type {(mark: Mark, times: number) => Mark[]} */
const repeated = (mark, times) => Array.from({ length: times }, () => mark);

/**
 * The marks of the shortest way, by E. Myers, "An O(ND) Difference Algorithm" (1986): the time and memory of a table of all lines by all
 * lines were seconds and a gigabyte at 10,000 lines. On diagonal k, `reach[k]` is the farthest line of `a` that so many changes lead to.
 * @type {(a: readonly string[], b: readonly string[]) => Mark[]}
 */
function shortestWay(a, b) {
  /** @type {Reach[]} */
  const rounds = [];
  const reach = new Map([[1, 0]]);
  for (let changes = 0; changes <= MOST_CHANGES; changes += 1) {
    rounds.push(new Map(reach));
    for (let k = -changes; k <= changes; k += 2) {
      let i = comesDown(reach, k, changes) ? farthest(reach, k + 1) : farthest(reach, k - 1) + 1;
      while (i < a.length && i - k < b.length && a[i] === b[i - k]) i += 1;
      reach.set(k, i);
      if (i >= a.length && i - k >= b.length) return wayBack(rounds, a.length, b.length);
    }
  }
  return [...repeated("-", a.length), ...repeated("+", b.length)];
}

// Beyond it the files have little in common, and their lines one after the other say as much.
const MOST_CHANGES = 600;

/** @typedef {ReadonlyMap<number, number>} Reach */

/** @type {(reach: Reach, k: number) => number} */
function farthest(reach, k) {
  const line = reach.get(k);
  if (line === undefined) throw new Error(`diagonal ${k} was not walked`);
  return line;
}

/** @type {(reach: Reach, k: number, changes: number) => boolean} */
function comesDown(reach, k, changes) {
  return k === -changes || (k !== changes && farthest(reach, k - 1) < farthest(reach, k + 1));
}

/** @type {(rounds: readonly Reach[], aLength: number, bLength: number) => Mark[]} */
function wayBack(rounds, aLength, bLength) {
  /** @type {Mark[]} */
  const marks = [];
  let [i, j] = [aLength, bLength];
  for (const [changes, reach] of [...rounds.entries()].reverse()) {
    const k = i - j;
    const isDown = comesDown(reach, k, changes);
    const from = isDown ? k + 1 : k - 1;
    const [fromI, fromJ] = changes === 0 ? [0, 0] : [farthest(reach, from), farthest(reach, from) - from];
    while (i > (changes === 0 ? 0 : isDown ? fromI : fromI + 1)) {
      marks.push(" ");
      i -= 1;
      j -= 1;
    }
    if (changes > 0) marks.push(isDown ? "+" : "-");
    [i, j] = [fromI, fromJ];
  }
  return marks.reverse();
}

/** @type {(steps: readonly Step[]) => [number, number][]} */
function hunksOf(steps) {
  /** @type {[number, number][]} */
  const hunks = [];
  for (const [index, { mark }] of steps.entries()) {
    if (mark === " ") continue;
    const [from, to] = [Math.max(0, index - CONTEXT), Math.min(steps.length, index + 1 + CONTEXT)];
    const last = hunks.at(-1);
    if (last && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  }
  return hunks;
}
