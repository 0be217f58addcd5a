import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withoutComments } from "../../src/remote/without-comments";

const FOLDER = join(__dirname, "../../src/scripts");
const scripts = readdirSync(FOLDER).filter((name) => name.endsWith(".sh"));

/** The script as shfmt prints it smallest: without its comments, whatever they are, and with its here-documents. */
const minified = (script: string): string => execFileSync("shfmt", ["-mn", "-ln", "posix"], { input: script, encoding: "utf8" });

describe("a script without its comments", () => {
  it("keeps what is none: here-documents, and marks of a comment within a line", () => {
    const script = ["#!/bin/sh", "# says why", "echo '# no comment' # this is", "cat <<'END'", "# kept", "END", "  # gone", "echo end", ""];
    const kept = ["echo '# no comment' # this is", "cat <<'END'", "# kept", "END", "echo end", ""];
    assert.equal(withoutComments(script.join("\n")), kept.join("\n"));
  });

  for (const name of scripts)
    it(`is the same program: ${name}`, () => {
      const script = readFileSync(join(FOLDER, name), "utf8");
      assert.equal(minified(withoutComments(script)), minified(script).replace(/^#!.*\n/, ""));
      assert.doesNotMatch(withoutComments(script).replaceAll(/<<(['"]?)(\w+)\1[^]*?\n\2$/gm, ""), /^\s*#/m);
    });
});
