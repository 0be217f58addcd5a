import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { parse, resolve } from "node:path";
import { describe, it } from "node:test";

const source = resolve(__dirname, "../src");
/** What `./name` may mean to Node.js, which looks for these in turn; Pulumi's loader asks for .ts last, other loaders for .ts first. */
const GUESSED = [".js", ".json", ".node", ".ts"];

describe("modules of the program", () => {
  it("have names that every loader finds the same file by", () => {
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => GUESSED.includes(parse(file).ext));
    const stems = files.map((file) => file.slice(0, -parse(file).ext.length));
    assert.ok(stems.length > 50, `only ${stems.length} modules in ${source}`);
    assert.deepEqual(
      stems.filter((stem, i) => stems.indexOf(stem) !== i),
      [],
    );
  });
});
