import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { awaitChecks } from "../../src/preview/await-checks";

describe("what is looked at before anything is made", () => {
  it("gives what each look found", async () => {
    assert.deepEqual(await awaitChecks([Promise.resolve(3), Promise.resolve("x")]), [3, "x"]);
  });

  it("is refused with every fault at once", async () => {
    const looks = awaitChecks([Promise.reject(new pulumi.RunError("one")), Promise.resolve(1), Promise.reject(new pulumi.RunError("two"))]);
    await assert.rejects(looks, (error: unknown) => error instanceof pulumi.RunError && error.message === "one\n\ntwo");
  });

  it("keeps the stack of what is no refusal", async () => {
    const bug = new TypeError("bug");
    await assert.rejects(awaitChecks([Promise.reject(new pulumi.RunError("one")), Promise.reject(bug)]), bug);
  });
});
