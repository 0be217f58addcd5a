import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { printedResult } from "../../src/remote/printed-result";

describe("what a script printed", () => {
  it("is the last line, as JSON", () => {
    assert.deepEqual(printedResult('node/rack-1 labeled\n{"path":"direct"}\n'), { path: "direct" });
  });

  it("is empty where `pulumi up --target` has left it unmade", () => {
    assert.deepEqual(printedResult(undefined), {});
  });

  it("is no result where nothing was printed", () => {
    assert.throws(() => printedResult("\n"), SyntaxError);
  });
});
