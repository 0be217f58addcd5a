import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { takesTurn } from "../../../src/operator-tools/host/takes-turn.mjs";

const config = (more) => `disable:\n  - "traefik"\n${more}node-name: "kiosk-1"\n`;

describe("a change in place takes a turn", () => {
  const takes = (before, after, more = {}) => takesTurn(["K3S_VERSION", "CONFIG_YAML"], after, { environment: before, ...more });

  it("where k3s starts from something else, its settings too", () => {
    const before = { K3S_VERSION: "v1.34.7+k3s1", CONFIG_YAML: config(""), WAIT_SECONDS: "300" };
    assert.equal(takes(before, before), false);
    assert.equal(takes(before, { ...before, K3S_VERSION: "v1.35.4+k3s1" }), true);
    assert.equal(takes(before, { ...before, CONFIG_YAML: config("kubelet-arg:\n- max-pods=50\n") }), true);
    assert.equal(takes(before, { ...before, WAIT_SECONDS: "200" }), false);
  });

  it("where the script or its secrets are others, which may restart it", () => {
    assert.equal(takes({}, {}, { isOther: true }), true);
  });

  it("and none for labels and taints, which are set on the living Node", () => {
    const marks = 'node-label:\n- "tier=gold"\n  - "a=b"\nnode-taint:\n- "x=y:NoSchedule"\n';
    assert.equal(takes({ CONFIG_YAML: config(marks) }, { CONFIG_YAML: config("") }), false);
    assert.equal(takes({ CONFIG_YAML: config(marks) }, { CONFIG_YAML: config(`${marks}selinux: true\n`) }), true);
  });
});
