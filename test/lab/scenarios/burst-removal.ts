import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { cloudInventory } from "../../../lab/checks/cloud-inventory";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { atCloud, burstNode, burstPools, machineOf, setPool } from "../clouds-view";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess } from "../nodes-view";

/** `destroy` ends clean from every state. */
export const burstRemoval: Scenario = {
  name: "burst-removal",
  define: (given) => {
    let context: LabContext;
    const zero = burstNode("burst", 0);

    before(() => {
      context = given();
      context.addBurstPools();
      for (const pool of burstPools) setPool(context, pool, { count: 1 });
    });

    async function expectClean(): Promise<void> {
      await expectSuccess(context.stack.destroy(["--continue-on-error"]));
      assert.deepEqual(await cloudInventory(context.lab), []);
      assert.deepEqual(await findLeftovers(context.lab, context.before), []);
    }

    it("destroys metal and both clouds", async () => {
      await context.ensureCluster();
      await expectClean();
    });

    it("destroys with a machine that is gone and one that hangs", async () => {
      await context.ensureCluster();
      await atCloud(context.lab, "burst", "terminate", { node: zero });
      await (await machineOf(context.lab, burstNode("burst-az", 0))).powerOff();
      await expectClean();
    });

    it("destroys what an up without capacity made", async () => {
      await atCloud(context.lab, "burst", "capacity", { count: 1 });
      await expectFailure(context.stack.up(["--continue-on-error"]));
      await expectClean();
    });

    after(() => {
      for (const pool of burstPools) setPool(context, pool, { count: 0 });
    });
  },
};
