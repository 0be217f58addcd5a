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

/** The way from one list of lines to the other: [{mark: " " | "-" | "+", line, before, after}], of the longest common subsequence. */
function lineSteps(before, after) {
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const [ends, endsAfter] = [before.length - tail, after.length - tail];
  const common = commonLengths(before.slice(head, ends), after.slice(head, endsAfter));

  const steps = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [a, b] = [i - head, j - head];
    const isSame = i < head || i >= ends ? j < head || j >= endsAfter : j < endsAfter && before[i] === after[j];
    const mark = isSame ? " " : i < ends && (j >= endsAfter || common[a + 1][b] >= common[a][b + 1]) ? "-" : "+";
    steps.push({ mark, line: mark === "+" ? after[j] : before[i], before: i, after: j });
    if (mark !== "+") i += 1;
    if (mark !== "-") j += 1;
  }
  return steps;
}

function commonLengths(a, b) {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
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
