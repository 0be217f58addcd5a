import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { recordProgram, runOf } from "../helpers/record-program";

describe("the program with vpn.integration: flannel-iface", () => {
  it("waits for no route in the tailnet, and tells k3s to cross it in vxlan", async () => {
    const stack = labSettings(labWithFixedKeys());
    stack["hybrid-k3s:vpn"].integration = "flannel-iface";
    stack["hybrid-k3s:cluster"].allowUntestedK3s = true;
    const { registrations } = await recordProgram(runOf("lab", stack));
    assert.deepEqual(
      registrations.filter(({ type }) => type.endsWith(":Route")).map(({ name }) => name),
      [],
    );
    const installs = registrations.filter(({ name }) => name.endsWith("-install")).map(({ inputs }) => JSON.stringify(inputs));
    assert.equal(installs.length, 3);
    for (const install of installs) assert.match(install, /flannel-iface: tailscale0/);
  });
});
