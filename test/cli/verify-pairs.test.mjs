import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderJunit } from "../../src/cli/verify/junit.mjs";
import { MOST_WHOLE, OTHERS, peersOf } from "../../src/cli/verify/pairs.mjs";

describe("whom each node looks at", () => {
  const make = (count, sites) => Array.from({ length: count }, (_, i) => ({ name: `n-${i}`, site: `s-${i % sites}` }));

  it("is everybody up to thirty", () => {
    const nodes = make(MOST_WHOLE, 4);
    for (const [name, peers] of peersOf(nodes))
      assert.deepEqual(
        peers.map((peer) => peer.name).sort(),
        nodes
          .map((node) => node.name)
          .filter((other) => other !== name)
          .sort(),
      );
  });

  it("beyond, five others and one pair each way between any two sites, the same ones each time", () => {
    const nodes = make(200, 12);
    const chosen = peersOf(nodes);
    assert.equal(chosen.size, 200);
    const pairs = new Set();
    for (const [name, peers] of chosen) {
      assert.ok(peers.length >= OTHERS && peers.length <= OTHERS + 12, `${name}: ${peers.length}`);
      assert.ok(peers.every((peer) => peer.name !== name));
      for (const peer of peers) pairs.add(`${nodes.find((node) => node.name === name).site} ${peer.site}`);
    }
    for (let a = 0; a < 12; a += 1) for (let b = 0; b < 12; b += 1) if (a !== b) assert.ok(pairs.has(`s-${a} s-${b}`), `s-${a} s-${b}`);
    assert.deepEqual(peersOf(nodes), chosen);
  });
});

describe("the JUnit file", () => {
  it("has every case, escaped, with its failure or why it was not possible", () => {
    const cases = [
      { check: "pod-http", from: "a", to: "b", verdict: "passed", seen: "" },
      { check: "pod-http", from: "a", to: "c", verdict: "failed", seen: '<b> & "c"\u0007' },
      { check: "full-packet", from: "a", to: "b", verdict: "unable", seen: "no ping" },
    ];
    const text = renderJunit(cases, 1.5);
    assert.match(text, /tests="3" failures="1" skipped="1" time="1\.500"/);
    assert.match(text, /name="a -&gt; c"><failure message="&lt;b&gt; &amp; &quot;c&quot; "\/>/);
    assert.match(text, /<skipped message="no ping"\/>/);
  });
});
