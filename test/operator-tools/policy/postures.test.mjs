import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planLivePolicy } from "../../../src/operator-tools/policy/policy-edit.mjs";
import { mergePolicy, findMissing, removeCluster } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, valueOf } from "./support/clusters.mjs";

const POSTURES = { "posture:laptops": ["node:os IN ['macos', 'windows']", "node:tsVersion >= '1.80'"] };
const NODES = { "posture:k3s-nodes": ["node:os == 'linux'"] };
const LIVE = {
  groups: { "group:ops": ["alice@example.org"] },
  tagOwners: { "tag:k3s-admin": [] },
  acls: [],
  postures: POSTURES,
  defaultSrcPosture: ["posture:laptops"],
};
const text = (value) => JSON.stringify(value, null, 2);
const needs = (mode) => ({ mode, document: "{}", cluster: EDGE, groups: {} });

// https://tailscale.com/docs/features/device-posture, "Default source posture": it holds for rules without a posture, and is not added to one's own.
describe("a policy with defaultSrcPosture", () => {
  it("is refused by merge where it has no posture that nodes meet, with the line to add", () => {
    const { refusal } = planLivePolicy(text(LIVE), needs("merge"));
    assert.match(
      refusal,
      /line \d+: defaultSrcPosture \(posture:laptops\) holds for rules without a posture of their own, .* Add "posture:k3s-nodes": \["node:os == 'linux'"\] to its postures/,
    );
  });

  it("gets rules for nodes and pods that name such a posture, and tests that name what nodes are", () => {
    const live = text({ ...LIVE, postures: { ...POSTURES, ...NODES } });
    const { text: merged, refusals } = mergePolicy(live, EDGE);
    assert.deepEqual(refusals, []);
    const { acls, tests } = valueOf(merged);
    assert.deepEqual(
      acls.map(({ src, srcPosture }) => [src[0], srcPosture]),
      [
        ["tag:k3s-edge", ["posture:k3s-nodes"]],
        ["tag:k3s-edge", ["posture:k3s-nodes"]],
        ["10.42.0.0/16", ["posture:k3s-nodes"]],
        ["tag:k3s-edge", ["posture:k3s-nodes"]],
        ["group:ops", undefined],
      ],
    );
    assert.deepEqual(
      tests.map(({ src, srcPostureAttrs }) => [src, srcPostureAttrs]),
      [["tag:k3s-edge", { "node:os": "linux", "node:tsReleaseTrack": "stable" }]],
    );
    assert.equal(mergePolicy(merged, EDGE).text, merged);
    assert.deepEqual(findMissing(merged, EDGE).missing, []);
    assert.equal(removeCluster(merged, EDGE).text, live);
  });

  it("needs nothing more where nodes meet the default", () => {
    const { text: merged } = mergePolicy(text({ ...LIVE, postures: NODES, defaultSrcPosture: Object.keys(NODES) }), EDGE);
    assert.ok(valueOf(merged).acls.every(({ srcPosture }) => srcPosture === undefined));
    assert.deepEqual(findMissing(merged, EDGE).missing, []);
  });

  it("is told by none with all that satisfies it", () => {
    const { refusal } = planLivePolicy(text(LIVE), needs("none"));
    assert.match(refusal, /lacks what tag:k3s-edge needs \(.*a posture that nodes meet, for defaultSrcPosture/);
    const added = valueOf(`{${findMissing(text(LIVE), EDGE).text}}`);
    const done = { ...LIVE, ...added, tagOwners: { ...LIVE.tagOwners, ...added.tagOwners }, postures: { ...POSTURES, ...added.postures } };
    assert.deepEqual([findMissing(text(done), EDGE).missing, planLivePolicy(text(done), needs("none")).refusal], [[], undefined]);
  });
});
