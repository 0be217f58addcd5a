import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { mergePolicy, findMissing, removeCluster } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, valueOf, WEST } from "./support/clusters.mjs";
import { policyText } from "./support/hujson-arbitrary.mjs";

const RUNS = { numRuns: 60 };
const merged = (text, cluster, options) => {
  const result = mergePolicy(text, cluster, options);
  assert.deepEqual(result.refusals, []);
  return result;
};
const linesOf = (text, name) => text.split(/\r?\n/).filter((line) => line.endsWith(`// hybrid-k3s: ${name}`));

const variants = fc.record({
  nodePorts: fc.uniqueArray(fc.constantFrom(22, 6443, 9100, 10250), { maxLength: 3 }),
  operators: fc.constantFrom(["group:ops"], ["alice@example.org"], ["group:ops", "autogroup:admin"]),
  host: fc.constantFrom(0, 1),
});
const edge = variants.map(({ host, ...given }) => ({ ...EDGE, ...given, podCidr: `10.${42 + host}.0.0/16` }));
const west = variants.map(({ host, ...given }) => ({
  ...WEST,
  ...given,
  podCidr: `10.${52 + host}.0.0/16`,
  tag: `tag:k3s-west${host || ""}`,
}));

describe("any policy", () => {
  it("has what the cluster needs after a merge, no byte of others moved, and the same after a second one", () =>
    fc.assert(
      fc.property(policyText, edge, (live, cluster) => {
        const { text, wrote } = merged(live, cluster);
        assert.deepEqual(findMissing(text, cluster).missing, []);
        assert.equal(merged(text, cluster).text, text);
        assert.equal(merged(text, cluster, { wrote }).text, text);
        assert.equal(removeCluster(text, cluster).text, live);
        const [before, after] = [valueOf(live), valueOf(text)];
        for (const section of Object.keys(before).filter((key) => !["tagOwners", "autoApprovers", "acls", "grants", "tests"].includes(key)))
          assert.deepEqual(after[section], before[section]);
        for (const section of ["acls", "grants", "tests"]) {
          const count = before[section]?.length ?? 0;
          assert.deepEqual(after[section]?.slice(after[section].length - count) ?? [], before[section] ?? []);
        }
      }),
      RUNS,
    ));

  it("gives two clusters their lines, in whatever order they come, change and go", () =>
    fc.assert(
      fc.property(
        policyText,
        fc.array(fc.oneof(edge, west, fc.constantFrom({ remove: EDGE }, { remove: WEST })), { minLength: 2, maxLength: 7 }),
        (live, steps) => {
          let text = live;
          const present = new Map();
          for (const step of steps) {
            const name = (step.remove ?? step).name;
            const other = name === "edge" ? "west" : "edge";
            const othersLines = linesOf(text, other);
            text = step.remove ? removeCluster(text, step.remove).text : merged(text, step).text;
            if (step.remove) present.delete(name);
            else present.set(name, step);
            assert.deepEqual(linesOf(text, other), othersLines);
            if (step.remove) assert.deepEqual(linesOf(text, name), []);
            for (const cluster of present.values()) {
              assert.deepEqual(findMissing(text, cluster).missing, []);
              assert.equal(merged(text, cluster).text, text);
            }
            assert.equal(removeCluster(removeCluster(text, EDGE).text, WEST).text, live);
          }
        },
      ),
      RUNS,
    ));

  it("is repaired where our lines were deleted, edited or lost their marks", () =>
    fc.assert(
      fc.property(
        policyText,
        edge,
        fc.array(fc.constantFrom("keep", "delete", "edit", "unmark"), { minLength: 1, maxLength: 9 }),
        (live, cluster, acts) => {
          const { text, wrote } = merged(live, cluster);
          const drifted = drift(text, acts);
          const repaired = merged(drifted, cluster, { wrote });
          assert.deepEqual(trimmedLines(repaired.text), trimmedLines(text));
          assert.equal(removeCluster(drifted, cluster, { wrote }).text.replace(/\s/g, ""), live.replace(/\s/g, ""));
        },
      ),
      // Two of its rules are the same with this port, so that one of them may be another without their number telling.
      {
        ...RUNS,
        examples: [
          ['{"groups":{"group:ops":[]},"tagOwners":{"tag:k3s-admin":[]},"acls":[]}', { ...EDGE, nodePorts: [6443] }, ["edit", "keep"]],
        ],
      },
    ));
});

// Where all entries of a list are gone, nothing tells how far they were indented.
function trimmedLines(text) {
  return text.split("\n").map((line) => line.trim());
}

function drift(text, acts) {
  let next = 0;
  const mark = " // hybrid-k3s: edge";
  return text
    .split("\n")
    .flatMap((line) => {
      if (!line.trimEnd().endsWith(mark)) return [line];
      const act = acts[next++ % acts.length];
      if (act === "delete") return [];
      if (act === "edit") return [line.replace(/tag:k3s-(edge|admin)"/, 'tag:k3s-$1-old"')];
      return [act === "unmark" ? line.replace(mark, "") : line];
    })
    .join("\n");
}
