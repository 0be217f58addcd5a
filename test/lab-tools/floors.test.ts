import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { floorsInSeconds } from "../../bench/figures";
import { readFloors, saveFloors } from "../../lab/floors";

const folder = mkdtempSync(path.join(tmpdir(), "floors-"));
const standIn = { k3sVersion: "v1.35.4+k3s1", standIns: ["k3s", "resourceTls"] };

describe("the floors that the demo compares itself with", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("are the bench's medians of work by hand that took time", () => {
    const figure = { unit: "s", values: [9], floors: [3, 1, 2] };
    const figures = [
      { ...figure, name: "up" },
      { ...figure, name: "second-up", floors: [] },
      { ...figure, name: "burst-3-vs-1", unit: "times" },
    ];
    assert.deepEqual(floorsInSeconds(figures), { up: 2 });
  });

  it("are kept for the same parts alone, each figure as it was measured last", () => {
    assert.equal(readFloors(standIn, folder), undefined);
    saveFloors(standIn, { date: "2026-11-28", seconds: { up: 20, destroy: 5 } }, folder);
    saveFloors(standIn, { date: "2026-11-29", seconds: { up: 18 } }, folder);
    assert.deepEqual(readFloors({ ...standIn, standIns: ["resourceTls", "k3s"] }, folder), {
      date: "2026-11-29",
      seconds: { up: 18, destroy: 5 },
    });
    assert.equal(readFloors({ ...standIn, standIns: ["resourceTls"] }, folder), undefined);
  });
});
