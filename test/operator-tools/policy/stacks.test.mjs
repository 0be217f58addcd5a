import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergePolicy, findMissing, removeCluster } from "../../../src/operator-tools/policy/index.mjs";
import { planLivePolicy } from "../../../src/operator-tools/policy/policy-edit.mjs";
import { EDGE, FIXTURES, fixture, WEST } from "./support/clusters.mjs";

const DEV = { ...EDGE, stack: "hybrid-k3s/dev" };
const PROD = { ...EDGE, stack: "hybrid-k3s/prod" };
const LIVE = fixture("acls-commented.hujson");
const MARK = "// hybrid-k3s: edge (stack hybrid-k3s/dev)";
const whats = ({ refusals }) => refusals.map(({ what }) => what);

describe("two stacks whose clusters have the same name", () => {
  const merged = mergePolicy(LIVE, DEV);
  const taken =
    /^the lines of a cluster edge stand there already, written by the stack hybrid-k3s\/dev and not by this one, hybrid-k3s\/prod$/;

  for (const name of FIXTURES) {
    it(`are told apart by the marks of their lines in ${name}`, () => {
      const live = fixture(name);
      const { text, wrote, refusals } = mergePolicy(live, DEV);
      assert.deepEqual(refusals, []);
      assert.ok(text.includes(MARK));
      assert.equal(mergePolicy(text, DEV).text, text);
      assert.deepEqual(findMissing(text, DEV), { missing: [], text: "", refusals: [] });
      assert.equal(removeCluster(text, DEV, { wrote }).text, live);
      assert.match(whats(mergePolicy(text, PROD)).join("\n"), taken);
    });
  }

  it("are not one by having the same settings, and the refusal says what to do and where", () => {
    const { text, changes, refusals } = mergePolicy(merged.text, PROD);
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
      const { text, refusal } = planLivePolicy(merged.text, { ...needs, mode });
      assert.equal(text, undefined);
      assert.match(refusal, /written by the stack hybrid-k3s\/dev and not by this one/);
    }
  });

  it("never take each other's lines out", () => assert.equal(removeCluster(merged.text, PROD).text, merged.text));

  it("may stand beside one another under two names", () => {
    const both = mergePolicy(merged.text, { ...WEST, stack: PROD.stack });
    assert.deepEqual(both.refusals, []);
    assert.equal(removeCluster(both.text, { ...WEST, stack: PROD.stack }).text, merged.text);
  });
});

describe("a stack knows its lines again without its state", () => {
  const { text } = mergePolicy(LIVE, DEV);

  it("after an answer that was lost, with the settings that it has meanwhile", () => {
    const changed = { ...DEV, nodePorts: [9100], podCidr: "10.46.0.0/16" };
    const updated = mergePolicy(text, changed);
    assert.deepEqual(updated.refusals, []);
    assert.equal(removeCluster(updated.text, changed).text, LIVE);
  });

  it("where an older release marked them without it, and marks them again", () => {
    const older = mergePolicy(LIVE, EDGE);
    const updated = mergePolicy(older.text, DEV, { wrote: older.wrote });
    assert.deepEqual([updated.text, updated.refusals], [text, []]);
  });

  it("where somebody wrote the marks in the other form of comments", () => {
    const rewritten = text.replaceAll(MARK, "/* hybrid-k3s: edge (stack hybrid-k3s/dev) */");
    assert.deepEqual(mergePolicy(rewritten, DEV).refusals, []);
    assert.equal(removeCluster(rewritten, DEV).text, LIVE);
    assert.equal(whats(mergePolicy(rewritten, PROD)).length, 1);
  });
});
