import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LiveState, clock, renderAmount, renderLive } from "../../lab/screen/render-live";

const size = { columns: 100, rows: 40 };
const nothing: LiveState = { steps: [], nodes: new Map(), resources: 0 };

describe("the living part of the screen", () => {
  it("shows the part that runs, what each node does, and what comes next", () => {
    const state: LiveState = {
      part: { title: "pulumi up", since: 10_000 },
      steps: [],
      nodes: new Map([
        ["rack-1", "starting k3s.service"],
        ["kiosk-1", "join created"],
      ]),
      resources: 12,
      parts: { titles: ["lab", "pulumi up", "burst"], done: 1, since: 0 },
    };
    assert.deepEqual(renderLive(state, 71_900, size), [
      "  … pulumi up  1:01",
      "      rack-1   starting k3s.service",
      "      kiosk-1  join created",
      "      12 resources done",
      "",
      "  2 of 3  1:11  next: burst  (Ctrl-C takes everything down)",
    ]);
  });

  it("shows a step within the part once it takes two seconds, with a bar where it is known how much there is", () => {
    const state: LiveState = {
      ...nothing,
      part: { title: "the lab", since: 0 },
      steps: [
        { title: "k3s: build it", since: 0, amount: { what: "packages compiled", done: 300, of: 1200 } },
        { title: "Debian", since: 0, amount: { what: "packages fetched", done: 41 } },
        { title: "boot rack-1", since: 8_500 },
      ],
    };
    assert.deepEqual(renderLive(state, 10_000, size), [
      "  … the lab  0:10",
      "      k3s: build it  0:10  ██████░░░░░░░░░░░░░░░░░░  300 of 1200 packages compiled",
      "      Debian  0:10  41 packages fetched",
    ]);
  });

  it("fills the bar at the end and never beyond it", () => {
    assert.equal(renderAmount({ what: "MiB fetched", done: 70, of: 70 }), `${"█".repeat(24)}  70 of 70 MiB fetched`);
    assert.equal(renderAmount({ what: "MiB fetched", done: 99, of: 70 }), `${"█".repeat(24)}  99 of 70 MiB fetched`);
    assert.equal(renderAmount({ what: "MiB fetched", done: 0, of: 0 }), "0 MiB fetched");
  });

  it("fits the terminal: no line as wide as it, fewer lines than it has, the last ones kept", () => {
    const nodes = new Map(Array.from({ length: 30 }, (_none, i) => [`node-${i}`, "x".repeat(200)] as const));
    const state: LiveState = { ...nothing, nodes, parts: { titles: ["one", "two"], done: 1, since: 0 } };
    const lines = renderLive(state, 5_000, { columns: 40, rows: 10 });
    assert.equal(lines.length, 9);
    assert.ok(lines.every((line) => line.length <= 39));
    assert.equal(lines.at(-1), "  1 of 2  0:05  next: two  (Ctrl-C take");
  });

  it("counts minutes and seconds", () => {
    assert.deepEqual([-1, 999, 7_000, 723_000].map(clock), ["0:00", "0:00", "0:07", "12:03"]);
  });
});
