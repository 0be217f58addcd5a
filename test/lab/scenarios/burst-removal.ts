import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { cloudInventory } from "../../../lab/checks/cloud-inventory";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { controlOf } from "../../../lab/console";
import { REFUSE_SSH, atCloud, burstNode, burstPools, machineOf, setPool, whenJoining } from "../clouds-view";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, viewDevices } from "../nodes-view";

/** `destroy` ends clean from every state. */
export const burstRemoval: Scenario = {
  name: "burst-removal",
  define: (given) => {
    let context: LabContext;

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

    // One each: for every device that is deleted while its machine is away, headscale 0.26 gives later updates to fewer devices, and the
    // next case waits minutes for a route.
    it("destroys with a machine that is gone and one that hangs", async () => {
      await context.ensureCluster();
      await atCloud(context.lab, "burst", "terminate", { node: burstNode("burst", 0) });
      await (await machineOf(context.lab, burstNode("burst-az", 0))).powerOff();
      await expectClean();
    });

    it("destroys what an up without capacity made, in each cloud", async () => {
      for (const pool of burstPools) await atCloud(context.lab, pool, "capacity", { count: 1 });
      assert.match(await expectFailure(context.stack.up(["--continue-on-error"])), /AllocationFailed/);
      const left = (await cloudInventory(context.lab)).filter((line) => line.startsWith("azure virtualMachine "));
      assert.equal(left.length, 1, "Azure leaves a machine that it could not allocate");
      await expectClean();
    });

    it("destroys with machines killed while they joined, some that refuse SSH, one whose device died, and the API server down", async () => {
      const { lab, stack } = context;
      await context.ensureCluster();
      const device = (await viewDevices(lab)).get(burstNode("burst-az", 0)) ?? assert.fail("no device");
      await controlOf(lab).admin.call("deleteDevice", { id: device.id });
      for (const pool of burstPools) setPool(context, pool, { count: 3 });
      const run = stack.up(["--continue-on-error"]);
      await Promise.all(
        burstPools.flatMap((pool) => [
          whenJoining(lab, burstNode(pool, 1), (vm) => vm.powerOff()).then(() =>
            atCloud(lab, pool, "terminate", { node: burstNode(pool, 1) }),
          ),
          whenJoining(lab, burstNode(pool, 2), (vm) => vm.exec(REFUSE_SSH)),
        ]),
      );
      await expectFailure(run);
      await lab.host("rack-1").exec("systemctl stop k3s");
      await expectClean();
      for (const pool of burstPools) setPool(context, pool, { count: 1 });
    });

    after(() => {
      for (const pool of burstPools) setPool(context, pool, { count: 0 });
    });
  },
};
