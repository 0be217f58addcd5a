import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";

describe("the protection of the only server", () => {
  const run = (verb, input) =>
    spawnSync(process.execPath, ["src/operator-tools/protect.mjs", verb], {
      input: JSON.stringify(input),
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });

  it("says nothing on create, and lets an allowed removal pass", () => {
    for (const [verb, allowed] of [
      ["create", false],
      ["delete", true],
    ]) {
      const { status, stdout, stderr } = run(verb, { v: 1, cluster: "edge", node: "rack-1", allowed });
      assert.deepEqual([status, stdout, stderr], [0, "", ""]);
    }
  });

  it("stops any other removal, with the setting and that it takes an `up` of its own", () => {
    for (const allowed of [false, undefined, "true"]) {
      const { status, stderr } = run("delete", { v: 1, cluster: "edge", node: "rack-1", allowed });
      assert.equal(status, 1);
      assert.equal(
        stderr,
        "This run would replace or remove rack-1, the only server of cluster edge, and with it everything the cluster holds. It was stopped before anything was deleted.\n" +
          "- If that is not wanted: take back the change of that server's generation, role or name, or of cluster.name, podCidr or serviceCidr, or of vpn.integration to or from flannel-iface.\n" +
          "- If it is wanted: take the change back, set `allowServerReplacement: true` in the stack's `hybrid-k3s:cluster` (cluster.allowServerReplacement), " +
          "run one `pulumi up` of its own, so that the permission is in the state, then make the change again.\n" +
          "`pulumi destroy` is never stopped by this.\n",
      );
    }
  });
});
