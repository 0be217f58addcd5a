import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LAB_FOLDERS, SUITES, stepsOf } from "./suites";

const chosen = (...names: string[]) => stepsOf(SUITES.filter(({ name }) => names.includes(name)));

describe("suites that run side by side", () => {
  it("have a lab of their own each, and no more at once than there are labs", () => {
    const [step, ...rest] = chosen("network", "removal", "servers");
    assert.deepEqual(rest, []);
    assert.deepEqual(
      step?.places,
      LAB_FOLDERS.map((folder) => ({ LAB_STATE: folder })),
    );
    assert.equal(new Set(LAB_FOLDERS).size, LAB_FOLDERS.length);
  });

  it("are all at once where they need no lab", () => {
    assert.deepEqual(
      chosen("lint", "unit").map(({ places }) => places),
      [[{}, {}]],
    );
  });

  it("leave the one that counts what a lab leaves alone", () => {
    assert.deepEqual(
      stepsOf(SUITES)
        .filter(({ suites }) => suites.some(({ name }) => name === "lab"))
        .map(({ suites }) => suites.length),
      [1],
    );
  });

  it("choose no lab by themselves", () => {
    assert.deepEqual(
      SUITES.flatMap(({ env }) => env?.["LAB_STATE"] ?? []),
      [],
    );
  });
});
