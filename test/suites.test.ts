import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SUITES, stepsOf } from "./suites";

describe("suites that run side by side", () => {
  it("have labs of their own", () => {
    for (const step of stepsOf(SUITES)) {
      const states = step.flatMap(({ env }) => env?.["LAB_STATE"] ?? []);
      assert.deepEqual([...new Set(states)], states, step.map(({ name }) => name).join(", "));
    }
  });

  it("are no more than two labs", () => {
    for (const step of stepsOf(SUITES)) assert.ok(step.filter(({ env }) => env?.["LAB_STATE"] !== undefined).length <= 2);
  });
});
