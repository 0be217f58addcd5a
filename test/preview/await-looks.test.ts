import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { awaitLooks } from "../../src/preview/await-looks";

describe("what is looked at before anything is made", () => {
  it("gives what each look found", async () => {
    assert.deepEqual(await awaitLooks([Promise.resolve(3), Promise.resolve("x")]), [3, "x"]);
  });

  it("is refused with every fault at once", async () => {
    const looks = awaitLooks([Promise.reject(new pulumi.RunError("one")), Promise.resolve(1), Promise.reject(new pulumi.RunError("two"))]);
    await assert.rejects(looks, (error: unknown) => error instanceof pulumi.RunError && error.message === "one\n\ntwo");
  });

  it("keeps the stack of what is no refusal", async () => {
    const bug = new TypeError("bug");
    await assert.rejects(awaitLooks([Promise.reject(new pulumi.RunError("one")), Promise.reject(bug)]), bug);
  });
});
