import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { renderScript, scriptDigest } from "../../../src/operator-tools/host/render-script.mjs";
import { exportLines, shellQuote } from "../../../src/operator-tools/host/shell-quote.cjs";
import { scriptFolder } from "../support/scripts.mjs";

const file = (name) => readFileSync(new URL(`../../../src/host-scripts/${name}.sh`, import.meta.url), "utf8");

describe("renderScript", () => {
  for (const [name, environment] of [
    ["clean-host", { NODE_NAME: "rack-1", CLUSTER_NAME: "edge", OWNER: "hybrid-k3s/dev" }],
    ["drain-node", { NODE_NAME: "rack-1", DRAIN_SECONDS: 30 }],
  ]) {
    it(`gives ${name} its exports, lib.sh, the libraries of its header and the file unchanged`, () => {
      const text = renderScript(name, environment);
      const libraries = /^# Libraries:(.*)$/m.exec(file(name))?.[1].match(/[\w-]+(?=\.sh)/g) ?? [];
      assert.equal(text, [exportLines(environment), ...["lib", ...libraries, name].map(file)].join(""));
      const { status, stderr } = spawnSync("sh", ["-n"], { input: text, encoding: "utf8" });
      assert.deepEqual([status, stderr], [0, ""]);
    });
  }

  it("names a script that the checkout lacks", () => {
    const scripts = scriptFolder({});
    assert.throws(() => renderScript("clean-host", {}, scripts), /This checkout lacks src\/host-scripts\/clean-host\.sh \(ENOENT\)/);
  });
});

describe("shellQuote", () => {
  it("brings any text through a real sh unchanged", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => !value.includes("\0") && value.isWellFormed());
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), (values) => {
        const environment = Object.fromEntries(values.map((value, index) => [`VALUE_${index}`, value]));
        const print = values.map((_, index) => `printf '%s\\0' "$VALUE_${index}"\n`).join("");
        const { stdout } = spawnSync("sh", ["-s"], { input: exportLines(environment) + print, encoding: "utf8" });
        assert.deepEqual(stdout.split("\0").slice(0, -1), values);
      }),
      { numRuns: 20 },
    );
  });

  it("refuses a NUL byte", () => assert.throws(() => shellQuote("a\0b"), /NUL/));
});

describe("scriptDigest", () => {
  const digest = (script, library = "say() { :; }\n") =>
    scriptDigest("one", scriptFolder({ one: `# Libraries: lib-a.sh\n${script}`, "lib-a": library }));
  it("stays where comments and blank lines are others, in a library too", () => {
    const before = digest("#!/bin/sh\n# why\n  # how\nsay a\n");
    assert.equal(digest("#!/bin/sh\n# another reason\n\nsay a\n"), before);
    assert.equal(digest("#!/bin/sh\nsay a\n", "# said\nsay() { :; }\n"), before);
  });
  it("is another one for another command, library, argument that looks like a comment, or interpreter of a program in it", () => {
    const texts = ["say a\n", "say b\n", "say a # b\n", "cat <<X\n#!/bin/sh\nX\n", "cat <<X\n#!/bin/bash\nX\n"];
    const digests = [...texts.map((text) => digest(text)), digest("say a\n", "say() { echo; }\n")];
    assert.equal(new Set(digests).size, digests.length);
  });
});
