import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { cloudInventory } from "../../../lab/checks/cloud-inventory";
import type { HostName } from "../../../lab/hosts/topology";
import type { BurstPool } from "../../../lab/stack-config";
import { deployBudgets, nodesOf, removeBudgets, waitAvailable, watchAvailable } from "../budgets";
import { burstNode, burstPools, emptyPools, expectNoBurstLeft, machineOf, setPool, waitBurst } from "../clouds-view";
import type { LabContext, Scenario } from "../lab-context";
import { expectSuccess } from "../nodes-view";
import { openPorts } from "../open-ports";
import { changesSince, readNodeState } from "../untouched";

const METAL: readonly HostName[] = ["rack-1", "rack-2", "kiosk-1"];
/** All that is done there for the three nodes shares a connection; where they come apart by seconds, a second one. */
const MOST_ON_FIRST_SERVER = 2;

/** Each cloud in turn: 0 -> 3 -> 2 (from the middle) -> 0, with a workload that a disruption budget protects. */
export const burstCycle: Scenario = {
  name: "burst-cycle",
  define: (given) => {
    let context: LabContext;

    before(async () => {
      context = given();
      context.addBurstPools();
      await context.ensureCluster();
      await emptyPools(context);
      await context.ensureProbePods();
    });

    for (const pool of burstPools) define(pool);

    function define(pool: BurstPool): void {
      const names = [0, 1, 2].map((index) => burstNode(pool, index));

      it(`${pool}: bursts to 3 and touches no node that was there, but for a session on the first server`, async () => {
        const look = () => Promise.all(METAL.map((name) => readNodeState(context.lab.host(name), context.kubectl)));
        const earlier = await look();
        const since = Date.now();
        setPool(context, pool, { count: 3 });
        await expectSuccess(context.stack.up(["--refresh"]));
        await waitBurst(context, names);
        const [onServer = 0, ...onAgents] = await Promise.all(METAL.map((name) => context.lab.host(name).sshSessions(since)));
        assert.ok(onServer >= 1 && onServer <= MOST_ON_FIRST_SERVER, `${onServer} sessions on the first server`);
        assert.deepEqual(onAgents, [0, 0]);
        for (const name of names) {
          const sessions = await (await machineOf(context.lab, name)).sshSessions(since);
          assert.ok(sessions <= 3, `${name}: ${sessions} sessions`);
        }
        for (const [i, facts] of (await look()).entries()) assert.deepEqual(changesSince(earlier[i] ?? [], facts), [], METAL[i]);
      });

      it(`${pool}: has nothing open to neighbours in the cloud's network but UDP 41641`, async () => {
        const [vm, neighbour] = [await machineOf(context.lab, names[0] ?? ""), await machineOf(context.lab, names[1] ?? "")];
        assert.deepEqual(await openPorts(context.lab, neighbour, vm, vm.spec.privateAddress), ["udp 41641"]);
      });

      it(`${pool}: gives up one from the middle, the disruption budget held`, async () => {
        const [first = "", middle = "", last = ""] = names;
        await deployBudgets(context.kubectl, [{ name: "web", replicas: 2, nodes: [middle, "rack-2"], minAvailable: 1 }]);
        const watch = watchAvailable(context.lab.operator.kubectl.bind(context.lab.operator), "web");
        setPool(context, pool, { remove: [1] });
        await expectSuccess(context.stack.up(["--refresh"]));
        const available = await watch.stop();
        assert.ok(available.length > 1 && Math.min(...available) >= 1, `available pods of web over time: ${available.join(", ")}`);
        assert.deepEqual(await nodesOf(context.kubectl, "web"), ["rack-2", "rack-2"]);
        await waitAvailable(context.kubectl, "web");
        await waitBurst(context, [first, last]);
        const left = (await cloudInventory(context.lab)).filter((line) => line.includes(middle));
        assert.deepEqual(left, []);
      });

      it(`${pool}: goes back to 0 and leaves nothing, in the clouds, in the tailnet or in the cluster`, async () => {
        const watch = watchAvailable(context.lab.operator.kubectl.bind(context.lab.operator), "web");
        setPool(context, pool, { count: 0, remove: [] });
        await expectSuccess(context.stack.up(["--refresh"]));
        const available = await watch.stop();
        assert.ok(Math.min(...available) >= 2, `web on the metal nodes lost pods: ${available.join(", ")}`);
        await expectNoBurstLeft(context);
        await removeBudgets(context.kubectl);
      });
    }

    after(() => emptyPools(context));
  },
};
