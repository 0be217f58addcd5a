import assert from "node:assert/strict";
import { it } from "node:test";
import { Failures } from "./failures";

function tell(output: string): string[] {
  const failures = new Failures();
  for (const line of output.split("\n")) failures.read(line);
  return failures.tell("lab");
}

it("names each failure of the spec reporter once, with what it said before its stack", () => {
  const output = `▶ outer
  ✖ loses none (4.01751ms)
    AssertionError [ERR_ASSERTION]: Expected values to be strictly deep-equal:
    + actual - expected

      [
    +   2
    -   0
      ]
        at TestContext.<anonymous> (test/x.test.ts:3:54)
      code: 'ERR_ASSERTION',

  ✔ good (0.113739ms)
✖ outer (5.514478ms)
ℹ fail 1

✖ failing tests:

test at test/x.test.ts:2:914
✖ loses none (4.01751ms)
  AssertionError [ERR_ASSERTION]: Expected values to be strictly deep-equal:`;
  assert.deepEqual(tell(output), [
    "  lab: loses none",
    "      AssertionError [ERR_ASSERTION]: Expected values to be strictly deep-equal:",
    ...["+ actual - expected", "[", "+   2", "-   0", "]"].map((line) => `      ${line}`),
    "  lab: outer",
  ]);
});

it("names each failure of TAP with its comments, and no more than eight lines of them", () => {
  const comments = Array.from({ length: 10 }, (_, i) => `# line ${i}`);
  assert.deepEqual(tell(["ok 1 good", "not ok 2 bad", ...comments, "ok 3 good too", "# a remark"].join("\n")), [
    "  lab: bad",
    ...comments.slice(0, 8).map((line) => `      ${line}`),
  ]);
});

it("lists at the end those that said why, with how that begins", () => {
  const failures = new Failures();
  for (const line of ["  ✖ loses none (4.0ms)", `    Error: ${"x".repeat(700)}`, "    more", "", "✖ outer (5.5ms)"]) failures.read(line);
  assert.deepEqual(failures.list("lab"), [`  lab: loses none | Error: ${"x".repeat(572)}…`]);
});

it("lists what failed without a word, where nothing said why", () => {
  const failures = new Failures();
  failures.add("npx tsc -p .");
  assert.deepEqual(failures.list("lint"), ["  lint: npx tsc -p ."]);
});
