import assert from "node:assert/strict";
import { it } from "node:test";
import { checkConnectivity } from "../../../lab/checks/connectivity";
import type { Scenario } from "../lab-context";

/** One `up` on an empty stack makes the cluster, and a second one has nothing to do. */
export const firstUp: Scenario = {
  name: "first-up",
  define: (context) => {
    it("makes three Ready nodes", async () => {
      await context().ensureCluster();
      const { stdout } = await context().kubectl(["get", "nodes", "-o", "name"]);
      assert.deepEqual(stdout.trim().split("\n").sort(), ["node/kiosk-1", "node/rack-1", "node/rack-2"]);
    });

    it("lets every pod reach every other pod and node, at exactly the MTU and with its own address", async () => {
      const findings = await checkConnectivity(context().kubectl, await context().ensureProbePods(), "full");
      assert.equal(findings.length, 30);
      assert.deepEqual(
        findings.filter(({ fault }) => fault !== undefined),
        [],
      );
    });
  },
};
