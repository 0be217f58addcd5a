import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostNeeds } from "../../src/plan/host-needs";

describe("hostNeeds", () => {
  it("names the ports that k3s of each role dies without", () => {
    assert.deepEqual(hostNeeds({ role: "server", k3sConfig: {} }), { K3S_PORTS: "6443\n6444\n10010\n10250\n10257\n10258\n10259" });
    assert.deepEqual(hostNeeds({ role: "agent", k3sConfig: {} }), { K3S_PORTS: "6444\n10010\n10250" });
  });

  it("follows an agent's own port for its way to the server", () => {
    assert.deepEqual(hostNeeds({ role: "agent", k3sConfig: { "lb-server-port": 7444 } }), { K3S_PORTS: "7444\n10010\n10250" });
  });

  it("has the kernel's settings looked at where kubelet would refuse them, by k3s's setting or by kubelet's own argument", () => {
    assert.equal(hostNeeds({ role: "agent", k3sConfig: { "protect-kernel-defaults": true } }).KERNEL_DEFAULTS, "true");
    assert.equal(
      hostNeeds({ role: "agent", k3sConfig: { "kubelet-arg": ["v=2", "protect-kernel-defaults=true"] } }).KERNEL_DEFAULTS,
      "true",
    );
    assert.equal(hostNeeds({ role: "agent", k3sConfig: { "protect-kernel-defaults": false } }).KERNEL_DEFAULTS, undefined);
  });
});
