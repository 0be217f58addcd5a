import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf } from "../../helpers/config-builder";

describe("the rules for labels and taints", () => {
  it("refuses an illegal label key", () => {
    assert.deepEqual(faultsOf({ "pools.rack.labels": { "a b": "c" } }), [
      'hybrid-k3s:pools.rack.labels["a b"]: is no legal label key. Use at most 63 letters, digits, dashes, dots and underscores, with a DNS name and a slash in front if you like.',
    ]);
  });

  it("refuses an illegal label value", () => {
    assert.deepEqual(faultsOf({ "pools.rack.labels": { site: "not here" } }), [
      'hybrid-k3s:pools.rack.labels.site: "not here" is no legal label value. Use at most 63 letters, digits, dashes, dots and underscores, a letter or digit first and last.',
    ]);
  });

  it("refuses labels that others write", () => {
    assert.deepEqual(
      faultsOf({
        "pools.rack.labels": { "kubernetes.io/hostname": "a", "node-role.kubernetes.io/control-plane": "true", "hybrid-k3s/pool": "b" },
      }),
      [
        'hybrid-k3s:pools.rack.labels["kubernetes.io/hostname"]: is set by the kubelet. Choose another key.',
        'hybrid-k3s:pools.rack.labels["node-role.kubernetes.io/control-plane"]: is set by k3s. Choose another key.',
        'hybrid-k3s:pools.rack.labels["hybrid-k3s/pool"]: is set by this stack. Choose another key.',
      ],
    );
  });

  it("refuses what is no taint", () => {
    assert.deepEqual(faultsOf({ "pools.rack.taints": ["burst", "a=b:Never"] }), [
      'hybrid-k3s:pools.rack.taints[0]: "burst" is no legal taint. Write key=value:Effect or key:Effect, the effect being NoSchedule, PreferNoSchedule or NoExecute.',
      'hybrid-k3s:pools.rack.taints[1]: "a=b:Never" is no legal taint. Write key=value:Effect or key:Effect, the effect being NoSchedule, PreferNoSchedule or NoExecute.',
    ]);
  });

  it("refuses a taint that stands twice", () => {
    assert.deepEqual(faultsOf({ "pools.rack.taints": ["a=b:NoSchedule", "a=c:NoSchedule"] }), [
      'hybrid-k3s:pools.rack.taints[1]: "a:NoSchedule" stands in this list twice. Keep one: a node has one taint of a key and effect.',
    ]);
  });

  it("refuses taints that Kubernetes sets", () => {
    assert.deepEqual(faultsOf({ "pools.rack.taints": ["node.kubernetes.io/unreachable:NoExecute"] }), [
      'hybrid-k3s:pools.rack.taints[0]: "node.kubernetes.io/unreachable" is set by Kubernetes. Choose another key.',
    ]);
  });

  it("accepts labels that the kubelet may not give itself, empty values and taints without a value", () => {
    assert.deepEqual(
      faultsOf({
        "pools.edge.labels": { "node-role.kubernetes.io/worker": "", "example.org/site": "cellar_2" },
        "pools.edge.taints": ["edge:NoExecute", "edge=true:NoSchedule"],
      }),
      [],
    );
  });
});
