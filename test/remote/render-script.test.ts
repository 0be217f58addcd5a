import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { renderScript, renderSecretFile } from "../../src/remote/render-script";
import { withoutComments } from "../../src/remote/without-comments";

const file = (name: string) => readFileSync(join(__dirname, "../../src/scripts", `${name}.sh`), "utf8");

/** Runs a rendered script up to the moment at which it would be evaluated, and prints what would be. */
function unpacked(text: string, env: NodeJS.ProcessEnv = {}): { status: number | null; stdout: string; stderr: string } {
  const input = text.replace(/eval "\$script"\n$/, 'printf \'%s\\n\' "$NODE_NAME" "$*" "$script"\n');
  return spawnSync("/bin/sh", ["-s", "--", "read-cluster"], { input, encoding: "utf8", env: { ...process.env, ...env } });
}

describe("what a host's shell reads", () => {
  it("is its settings in words, then lib.sh, the script's libraries and the script without their comments", () => {
    const text = renderScript("wait-for-node", { NODE_NAME: "rack-1" });
    assert.match(text, /^export NODE_NAME='rack-1'\n/);
    const files = ["lib", "lib-marker", "lib-tailnet", "lib-node-marks", "wait-for-node"].map(file);
    assert.deepEqual(unpacked(text).stdout, `rack-1\nread-cluster\n${files.map(withoutComments).join("")}`);
  });

  it("is half of what it holds, or less", () => {
    const text = renderScript("join-tailnet", {});
    assert.ok(text.length * 2 <= unpacked(text).stdout.length, `${text.length} characters`);
  });

  it("runs with the arguments of the shell and ends with the script's own status", () => {
    const { status, stderr } = spawnSync("/bin/sh", ["-s", "--", "wait-for-node"], {
      input: renderScript("wait-for-node", {}),
      encoding: "utf8",
    });
    assert.notEqual(status, 0);
    assert.match(stderr, /NODE_NAME/);
  });

  it("says what is missing where it cannot be unpacked, and runs nothing", () => {
    const { status, stdout, stderr } = unpacked(renderScript("read-cluster", { NODE_NAME: "rack-1" }), { PATH: "/nonexistent" });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /cannot unpack the script that came: gzip and base64 must be on this host/);
  });
});

describe("a secret that comes along with a script", () => {
  const secret = 'tskey-auth-it\'s "quoted" $HOME \\n';
  const place = (path: string) =>
    spawnSync("/bin/sh", ["-s"], { input: `umask 022\n${renderSecretFile(path, secret)}echo went on\n`, encoding: "utf8" });

  it("stands unchanged in a file that only its owner reads, and the script goes on", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "hybrid-k3s-secret-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "rack-1", "auth-key");
    assert.deepEqual(place(path).stdout, "went on\n");
    assert.equal(readFileSync(path, "utf8"), secret);
    assert.deepEqual([statSync(path).mode & 0o777, statSync(join(folder, "rack-1")).mode & 0o777], [0o600, 0o700]);
  });

  it("ends everything where it cannot be placed, and is not shown", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "hybrid-k3s-secret-"));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "rack-1"), "");
    const { status, stdout, stderr } = place(join(folder, "rack-1", "auth-key"));
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /rack-1/);
    assert.doesNotMatch(stderr, /tskey/);
  });
});
