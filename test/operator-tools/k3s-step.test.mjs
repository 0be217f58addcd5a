import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { provider } from "../../src/operator-tools/script-provider.cjs";
import { faultOfK3sStep } from "../../src/operator-tools/run/k3s-step.mjs";

describe("a step from one k3s release to another", () => {
  it("goes up within a minor, and by one minor", () => {
    for (const [before, wanted] of [
      ["v1.35.4+k3s1", "v1.35.4+k3s1"],
      ["v1.35.4+k3s1", "v1.35.4+k3s2"],
      ["v1.34.7+k3s1", "v1.35.4+k3s1"],
      ["v1.34.9+k3s1", "v1.35.4+k3s1"],
      ["v1.35.4+k3s1", "v1.35.11+k3s1"],
    ])
      assert.equal(faultOfK3sStep(before, wanted), undefined, `${before} to ${wanted}`);
  });

  it("never goes down, by whatever part", () => {
    for (const wanted of ["v1.35.4+k3s1", "v1.35.3+k3s9", "v1.34.12+k3s1", "v0.40.9+k3s9"])
      assert.match(faultOfK3sStep("v1.35.4+k3s2", wanted) ?? "", /^is older, and k3s does not go down/, wanted);
  });

  it("skips no minor", () => {
    assert.equal(faultOfK3sStep("v1.33.11+k3s1", "v1.35.4+k3s1"), "skips a minor version: go up by one at a time");
  });

  describe("of one node, as its own link of the chain sees it", () => {
    const olds = (k3sVersion) => ({ previous: "join-1", result: { k3sVersion } });
    const news = (K3S_VERSION, more = {}) => ({
      previous: "join-1",
      wanted: { node: "rack-1", script: "install-k3s", environment: { K3S_VERSION, ...more } },
    });
    const diff = (before, after) => provider.diff("id", before, after);

    it("is refused with the node and the way on, at preview too, also after a run that wrote no outputs", async () => {
      await assert.rejects(diff(olds("v1.35.4+k3s1"), news("v1.34.7+k3s1")), {
        message:
          "hybrid-k3s:cluster.k3sVersion: rack-1 was given v1.35.4+k3s1 by an earlier run, and v1.34.7+k3s1 is older, and k3s does not go down: " +
          "it may not read what it has stored. Its k3s was left as it is: write v1.35.4+k3s1, or a later release of that minor or the next " +
          "(cluster.allowUntestedK3s: true goes on all the same).",
      });
      await assert.rejects(diff(olds("v1.33.11+k3s1"), news("v1.35.4+k3s1")), /skips a minor/);
    });

    it("is free where it goes up by one, where untested ones are allowed, where the host was made again, and for other scripts", async () => {
      const { changes } = await diff(olds("v1.34.7+k3s1"), news("v1.35.4+k3s1"));
      assert.equal(changes, true);
      await diff(olds("v1.35.4+k3s1"), news("v1.34.7+k3s1", { ALLOW_UNTESTED: "true" }));
      await diff(olds("v1.35.4+k3s1"), { ...news("v1.34.7+k3s1"), previous: "join-2" });
      await diff(olds("v1.35.4+k3s1"), { ...news("v1.34.7+k3s1"), wanted: { node: "rack-1", script: "read-cluster", environment: {} } });
      await diff({ previous: "join-1" }, { previous: "join-1", wanted: { node: "rack-1" } });
    });
  });
});
