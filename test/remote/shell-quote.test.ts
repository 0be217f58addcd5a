import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import fc from "fast-check";
import { shellQuote } from "../../src/remote/shell-quote";

describe("shellQuote", () => {
  it("gives a real sh back exactly the words that went in", () => {
    const word = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0") && text === Buffer.from(text).toString());
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
        const script = `printf '%s\\0' ${words.map(shellQuote).join(" ")}`;
        const printed = execFileSync("sh", ["-s"], { input: script }).toString();
        assert.deepEqual(printed.split("\0").slice(0, -1), words);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses a NUL byte, which no shell word can hold", () => {
    assert.throws(() => shellQuote("a\0b"), /NUL/);
  });
});
