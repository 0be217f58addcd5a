import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";

const TAG = "tag:k3s-edge";

describe("the cleanup program", () => {
  const run = (verb, input, env = {}) =>
    spawnSync(process.execPath, ["src/operator-tools/cleanup.mjs", verb], {
      input: typeof input === "string" ? input : JSON.stringify(input),
      encoding: "utf8",
      env: { PATH: process.env.PATH, ...env },
    });

  it("does nothing and says nothing on create", () => {
    const { status, stdout, stderr } = run("create", { v: 1, node: "rack-1" });
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  });

  it("refuses input of a newer release with the remedy, and reads older input", () => {
    const newer = run("delete", { v: 2 });
    assert.equal(newer.status, 1);
    assert.match(newer.stderr, /^The stack's state was written by a newer release: .*git pull && npm ci/);
    const older = run("delete", { v: 0, node: "rack-1" });
    assert.equal(older.stderr, "The tool's input lacks tailnet.tag. Run `pulumi up` once to write the state again.\n");
  });

  it("refuses what is not its input without repeating it", () => {
    const secret = '{"credentials": {"privateKey": "hunter2hunter2"';
    const { status, stderr } = run("delete", secret);
    assert.equal(status, 1);
    assert.ok(!stderr.includes("hunter2"));
    assert.equal(run("destroy", "{}").status, 2);
  });

  it("ends with 1 and a message without a stack when it cannot do its work", () => {
    const { status, stderr } = run("delete", { v: 1, node: "rack-1", tailnet: { tag: TAG, baseUrl: "http://127.0.0.1:9" } });
    assert.equal(status, 1);
    assert.match(stderr, /^No credential for the tailnet's API/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
});
