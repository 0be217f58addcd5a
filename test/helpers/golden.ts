import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Compares with test/golden/<name>.golden.json; `make golden` writes it again instead. */
export function compareWithGolden(name: string, actual: unknown): void {
  const file = join(__dirname, "../golden", `${name}.golden.json`);
  const text = `${JSON.stringify(actual, null, 2)}\n`;
  assert.doesNotMatch(text, /K10\w+::/, "a secret would stand in the golden file");
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, text);
  assert.equal(
    text,
    readFileSync(file, "utf8"),
    `test/golden/${name}.golden.json differs; if the change is wanted, run make golden and review the diff`,
  );
}
