import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { cloudInventory } from "../../../lab/checks/cloud-inventory";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { controlOf } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { atCloud, burstNode, burstPools, joiningVm, machineOf, setPool } from "../clouds-view";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, viewDevices } from "../nodes-view";

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

    it("destroys with a machine killed while it joined, one that refuses SSH, one whose device died, and the API server down", async () => {
      const { lab, stack } = context;
      await context.ensureCluster();
      const device = (await viewDevices(lab)).get(burstNode("burst-az", 0)) ?? assert.fail("no device");
      await controlOf(lab).admin.call("deleteDevice", { id: device.id });
      setPool(context, "burst", { count: 3 });
      const run = stack.up(["--continue-on-error"]);
      const joining = (node: string) => waitUntil(`${node} joins`, () => joiningVm(lab, node), { timeoutMs: 90_000, intervalMs: 200 });
      const killed = burstNode("burst", 1);
      await Promise.all([
        joining(killed).then((vm) => vm.powerOff()),
        joining(burstNode("burst", 2)).then((vm) => vm.exec("systemctl stop ssh.socket 2>/dev/null || true; systemctl stop ssh.service")),
      ]);
      await atCloud(lab, "burst", "terminate", { node: killed });
      await expectFailure(run);
      await lab.host("rack-1").exec("systemctl stop k3s");
      await expectClean();
      setPool(context, "burst", { count: 1 });
    });

    after(() => {
      for (const pool of burstPools) setPool(context, pool, { count: 0 });
    });
  },
};
