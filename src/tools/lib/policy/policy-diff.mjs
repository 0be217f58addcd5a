const CONTEXT = 2;

/** The changed lines of a policy as a unified diff, with two lines around each change; "" where nothing changed. */
export function policyDiff(oldText, newText) {
  const [before, after] = [oldText, newText].map((text) => text.split("\n"));
  const steps = lineSteps(before, after);
  return hunksOf(steps)
    .map(([from, to]) => {
      const hunk = steps.slice(from, to);
      const range = (mark, at) => `${at + 1},${hunk.filter((step) => step.mark === mark || step.mark === " ").length}`;
      const lines = hunk.map(({ mark, line }) => `${mark}${line.replace(/\r$/, "")}`);
      return [`@@ -${range("-", hunk[0].before)} +${range("+", hunk[0].after)} @@`, ...lines].join("\n");
    })
    .join("\n");
}

/** The way from one list of lines to the other: [{mark: " " | "-" | "+", line, before, after}], with as few changes as there can be. */
function lineSteps(before, after) {
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const marks = [
    ..." ".repeat(head),
    ...shortestWay(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ..." ".repeat(tail),
  ];

  let [i, j] = [0, 0];
  return marks.map((mark) => {
    const step = { mark, line: mark === "+" ? after[j] : before[i], before: i, after: j };
    if (mark !== "+") i += 1;
    if (mark !== "-") j += 1;
    return step;
  });
}

/**
 * The marks of the shortest way, by E. Myers, "An O(ND) Difference Algorithm" (1986): the time and memory of a table of all lines by all
 * lines were seconds and a gigabyte at 10,000 lines. On diagonal k, `reach[k]` is the farthest line of `a` that so many changes lead to.
 */
function shortestWay(a, b) {
  const rounds = [];
  const reach = new Map([[1, 0]]);
  for (let changes = 0; changes <= MOST_CHANGES; changes += 1) {
    rounds.push(new Map(reach));
    for (let k = -changes; k <= changes; k += 2) {
      let i = comesDown(reach, k, changes) ? reach.get(k + 1) : reach.get(k - 1) + 1;
      while (i < a.length && i - k < b.length && a[i] === b[i - k]) i += 1;
      reach.set(k, i);
      if (i >= a.length && i - k >= b.length) return wayBack(rounds, a.length, b.length);
    }
  }
  return [..."-".repeat(a.length), ..."+".repeat(b.length)];
}

// Beyond it the files have little in common, and their lines one after the other say as much.
const MOST_CHANGES = 600;

function comesDown(reach, k, changes) {
  return k === -changes || (k !== changes && reach.get(k - 1) < reach.get(k + 1));
}

function wayBack(rounds, aLength, bLength) {
  const marks = [];
  let [i, j] = [aLength, bLength];
  for (let changes = rounds.length - 1; changes >= 0; changes -= 1) {
    const reach = rounds[changes];
    const k = i - j;
    const isDown = comesDown(reach, k, changes);
    const from = isDown ? k + 1 : k - 1;
    const [fromI, fromJ] = changes === 0 ? [0, 0] : [reach.get(from), reach.get(from) - from];
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

function hunksOf(steps) {
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
