import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { diffPolicy } from "../../../src/operator-tools/policy/index.mjs";

describe("diffPolicy", () => {
  it("is empty where nothing changed", () => assert.equal(diffPolicy("a\nb\n", "a\nb\n"), ""));

  it("shows each change with two lines around it", () =>
    assert.equal(
      diffPolicy("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\nnew\n4\n5\n6\n7\n8\n"),
      ["@@ -2,4 +2,5 @@", " 2", " 3", "+new", " 4", " 5", "@@ -7,4 +8,3 @@", " 7", " 8", "-9", " "].join("\n"),
    ));

  it("shows lines without the end that Windows gives them", () => assert.equal(diffPolicy("a\r\n", "b\r\n"), "@@ -1,2 +1,2 @@\n-a\n+b\n "));

  it("finds changes at both ends of a file that no table of its lines would fit in memory for", () => {
    const lines = Array.from({ length: 60_000 }, (_, index) => `rule ${index}`);
    const changed = [...lines.slice(0, 1), "first", ...lines.slice(1, -1), "last", ...lines.slice(-1)];
    assert.deepEqual(
      diffPolicy(lines.join("\n"), changed.join("\n"))
        .split("\n")
        .filter((line) => !line.startsWith(" ")),
      ["@@ -1,3 +1,4 @@", "+first", "@@ -59998,3 +59999,4 @@", "+last"],
    );
  });

  it("shows files that have little in common one after the other", () => {
    const [old, now] = ["a", "b"].map((name) => Array.from({ length: 700 }, (_, index) => `${name} ${index}`));
    assert.deepEqual(diffPolicy(old.join("\n"), now.join("\n")).split("\n"), [
      "@@ -1,700 +1,700 @@",
      ...old.map((line) => `-${line}`),
      ...now.map((line) => `+${line}`),
    ]);
  });

  it("gives the new text when applied to the old one", () =>
    fc.assert(
      fc.property(lines(), lines(), (before, after) => {
        assert.deepEqual(applied(before, diffPolicy(before.join("\n"), after.join("\n"))), after);
      }),
    ));
});

function lines() {
  return fc.array(fc.constantFrom("{", "}", "a", "b", ""), { minLength: 1, maxLength: 12 });
}

function applied(before, diff) {
  const result = [];
  let at = 0;
  for (const line of diff === "" ? [] : diff.split("\n")) {
    const hunk = /^@@ -(\d+),/.exec(line);
    if (hunk) {
      result.push(...before.slice(at, Number(hunk[1]) - 1));
      at = Number(hunk[1]) - 1;
    } else if (line.startsWith("+")) result.push(line.slice(1));
    else {
      assert.equal(line.slice(1), before[at]);
      if (line.startsWith(" ")) result.push(before[at]);
      at += 1;
    }
  }
  return [...result, ...before.slice(at)];
}
