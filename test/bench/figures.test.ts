import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { median, renderFigure } from "../../bench/figures";

describe("a figure of the bench", () => {
  it("is the median of its runs over that of the floor's", () => {
    const line = renderFigure({ name: "up", unit: "s", values: [21.04, 90, 20], floors: [14, 1, 15] });
    assert.equal(line, "bench up 21.0 s 14.0 1.50\n");
  });

  it("has two decimals where it is small", () => {
    const line = renderFigure({ name: "burst-3-vs-1", unit: "times", values: [1.207], floors: [1.1] });
    assert.equal(line, "bench burst-3-vs-1 1.21 times 1.10 1.10\n");
  });

  it("has dashes where there is no floor", () => {
    assert.equal(renderFigure({ name: "memory", unit: "MiB", values: [958.4], floors: [] }), "bench memory 958 MiB - -\n");
  });

  it("of an even number of runs is the mean of the two in the middle", () => {
    assert.equal(median([4, 1, 3, 100]), 3.5);
  });

  it("without a run is a fault of the bench", () => {
    assert.throws(() => median([]), /no values/);
  });
});
