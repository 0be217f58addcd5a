import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergedPolicy, missingFor, withoutCluster } from "../../../src/operator-tools/policy/index.mjs";
import { plannedPolicy } from "../../../src/operator-tools/policy/policy-edit.mjs";
import { EDGE, FIXTURES, fixture, WEST } from "./support/clusters.mjs";

const DEV = { ...EDGE, stack: "hybrid-k3s/dev" };
const PROD = { ...EDGE, stack: "hybrid-k3s/prod" };
const LIVE = fixture("acls-commented.hujson");
const MARK = "// hybrid-k3s: edge (stack hybrid-k3s/dev)";
const whats = ({ refusals }) => refusals.map(({ what }) => what);

describe("two stacks whose clusters have the same name", () => {
  const merged = mergedPolicy(LIVE, DEV);
  const taken =
    /^the lines of a cluster edge stand there already, written by the stack hybrid-k3s\/dev and not by this one, hybrid-k3s\/prod$/;

  for (const name of FIXTURES) {
    it(`are told apart by the marks of their lines in ${name}`, () => {
      const live = fixture(name);
      const { text, wrote, refusals } = mergedPolicy(live, DEV);
      assert.deepEqual(refusals, []);
      assert.ok(text.includes(MARK));
      assert.equal(mergedPolicy(text, DEV).text, text);
      assert.deepEqual(missingFor(text, DEV), { missing: [], text: "", refusals: [] });
      assert.equal(withoutCluster(text, DEV, { wrote }).text, live);
      assert.match(whats(mergedPolicy(text, PROD)).join("\n"), taken);
    });
  }

  it("are not one by having the same settings, and the refusal says what to do and where", () => {
    const { text, changes, refusals } = mergedPolicy(merged.text, PROD);
    assert.deepEqual([text, changes, refusals.length], [merged.text, [], 1]);
    assert.match(refusals[0].what, taken);
    assert.match(
      refusals[0].remedy,
      /^Choose another cluster\.name\. .* take the lines with "hybrid-k3s: edge \(stack hybrid-k3s\/dev\)" out\.$/,
    );
    assert.ok(merged.text.split("\n")[refusals[0].line - 1].includes(MARK));
  });

  it("are refused in every mode", () => {
    const needs = { document: '{"acls": []}', cluster: PROD, groups: {} };
    for (const mode of ["merge", "own", "none"]) {
      const { text, refusal } = plannedPolicy(merged.text, { ...needs, mode });
      assert.equal(text, undefined);
      assert.match(refusal, /written by the stack hybrid-k3s\/dev and not by this one/);
    }
  });

  it("never take each other's lines out", () => assert.equal(withoutCluster(merged.text, PROD).text, merged.text));

  it("may stand beside one another under two names", () => {
    const both = mergedPolicy(merged.text, { ...WEST, stack: PROD.stack });
    assert.deepEqual(both.refusals, []);
    assert.equal(withoutCluster(both.text, { ...WEST, stack: PROD.stack }).text, merged.text);
  });
});

describe("a stack knows its lines again without its state", () => {
  const { text } = mergedPolicy(LIVE, DEV);

  it("after an answer that was lost, with the settings that it has meanwhile", () => {
    const changed = { ...DEV, nodePorts: [9100], podCidr: "10.46.0.0/16" };
    const updated = mergedPolicy(text, changed);
    assert.deepEqual(updated.refusals, []);
    assert.equal(withoutCluster(updated.text, changed).text, LIVE);
  });

  it("where an older release marked them without it, and marks them anew", () => {
    const older = mergedPolicy(LIVE, EDGE);
    const updated = mergedPolicy(older.text, DEV, { wrote: older.wrote });
    assert.deepEqual([updated.text, updated.refusals], [text, []]);
  });

  it("where somebody wrote the marks in the other form of comments", () => {
    const rewritten = text.replaceAll(MARK, "/* hybrid-k3s: edge (stack hybrid-k3s/dev) */");
    assert.deepEqual(mergedPolicy(rewritten, DEV).refusals, []);
    assert.equal(withoutCluster(rewritten, DEV).text, LIVE);
    assert.equal(whats(mergedPolicy(rewritten, PROD)).length, 1);
  });
});
