import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { nextK3sVersion } from "../../lab/mirror/next-release";
import { findNextK3s } from "../../lab/tools/find-next-k3s";

const folder = mkdtempSync(path.join(tmpdir(), "next-k3s-"));

/** Gives a program that prints this version as k3s does. */
function give(version: string): string {
  const file = path.join(folder, version);
  writeFileSync(file, `#!/bin/sh\necho 'k3s version ${version} (0123abcd)'\necho 'go version go1.26.0'\n`, { mode: 0o755 });
  process.env["LAB_K3S_NEXT"] = file;
  return file;
}

describe("the next release of a real k3s", () => {
  afterEach(() => delete process.env["LAB_K3S_NEXT"]);
  after(() => rmSync(folder, { recursive: true }));

  it("is what LAB_K3S_NEXT gives, of the same or the next minor version", async () => {
    for (const version of ["v1.35.4+k3s2", "v1.35.10+k3s1", "v1.36.0+k3s1"]) {
      const file = give(version);
      const nextK3s = await findNextK3s("v1.35.4+k3s1", false);
      assert.deepEqual(nextK3s, { file, version });
      assert.equal(nextK3sVersion({ k3sVersion: "v1.35.4+k3s1", nextK3s, standIns: [] }), version);
    }
  });

  it("is none where the variable is not set", async () => {
    assert.equal(await findNextK3s("v1.35.4+k3s1", false), undefined);
    assert.equal(nextK3sVersion({ k3sVersion: "v1.35.4+k3s1", standIns: [] }), undefined);
  });

  it("is refused where it is the same, an earlier one, or skips a minor version", async () => {
    for (const version of ["v1.35.4+k3s1", "v1.35.3+k3s3", "v1.34.9+k3s1", "v1.37.0+k3s1"]) {
      give(version);
      await assert.rejects(findNextK3s("v1.35.4+k3s1", false), new RegExp(`is ${version.replaceAll(/[.+]/g, "\\$&")}, which is no later`));
    }
  });

  it("is refused beside the stand-in, which has its own", async () => {
    give("v1.35.5+k3s1");
    await assert.rejects(findNextK3s("v1.35.4+k3s1", true), /k3s here is the stand-in, which has a next release of its own/);
    assert.equal(nextK3sVersion({ k3sVersion: "v1.35.4+k3s1", standIns: ["k3s"] }), "v1.35.4+k3s2");
  });
});
