import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TimelineReader, renderTimeline } from "../../bench/read-timeline";

const event = (kind: string, name: string, op = "create") =>
  `${JSON.stringify({ sequence: 1, [kind]: { metadata: { op, urn: `urn:pulumi:lab::hybrid-k3s::type::${name}` } } })}\n`;

describe("a timeline of one run", () => {
  let clock = 0;
  const reader = () => {
    clock = 0;
    return new TimelineReader(() => clock);
  };

  it("has each resource from its first event to its outputs or its fault, however the output was cut", () => {
    const read = reader();
    clock = 1000;
    const first = event("resourcePreEvent", "rack-1-join");
    read.take(`Warning: words of the engine\n${first.slice(0, 20)}`);
    clock = 1500;
    read.take(first.slice(20) + event("resourcePreEvent", "rack-2-join"));
    clock = 3000;
    read.take(event("resOutputsEvent", "rack-2-join"));
    clock = 4000;
    read.take(event("resOpFailedEvent", "rack-1-join"));
    clock = 5000;
    assert.deepEqual(read.end(), {
      began: 1.5,
      spans: [
        { name: "rack-2-join", operation: "create", start: 1.5, end: 3 },
        { name: "rack-1-join", operation: "create", start: 1.5, end: 4 },
      ],
      ended: 5,
    });
  });

  it("is drawn to the run's length, without what took no time", () => {
    const spans = [
      { name: "rack-1-join", operation: "create", start: 2, end: 4 },
      { name: "config", operation: "same", start: 2, end: 2 },
    ];
    const lines = renderTimeline({ began: 2, spans, ended: 4 }).split("\n");
    assert.equal(lines.length, 5);
    assert.equal(lines[2], `${" ".repeat(30)}${"#".repeat(30)}   2.0   2.0  rack-1-join create`);
    assert.match(lines[3] ?? "", /^#{60}   0\.0   4\.0 {2}whole run$/);
  });

  it("of a run without resources is its start alone", () => {
    const read = reader();
    clock = 700;
    assert.deepEqual(read.end(), { began: 0.7, spans: [], ended: 0.7 });
  });
});
