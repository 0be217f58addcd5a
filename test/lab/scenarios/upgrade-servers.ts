import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { leaderOf, members } from "../../../lab/checks/servers";
import { controlOf } from "../../../lab/console";
import { nextK3sVersion } from "../../../lab/mirror/next-release";
import { type StackSettings, metalPool, poolHost } from "../../../lab/stack-config";
import type { LabContext, Scenario } from "../lab-context";
import { expectSuccess, viewNodes } from "../nodes-view";

const SERVERS = ["rack-1", "rack-2", "rack-3"] as const;

const threeServers = (context: LabContext) => (settings: StackSettings) => {
  settings["hybrid-k3s:vpn"].integration = "routes";
  Reflect.deleteProperty(settings["hybrid-k3s:cluster"], "datastore");
  metalPool(settings, "rack").hosts = SERVERS.map((name) => poolHost(context.lab, name));
  Reflect.deleteProperty(settings["hybrid-k3s:pools"], "metal");
};

/** Three servers take another release, and other settings, one at a time: the others vote all the while, and the leader of etcd goes last. */
export const upgradeServers: Scenario = {
  name: "upgrade-servers",
  define: (given) => {
    let context: LabContext;
    let settings: StackSettings;

    /** When k3s last started on each server, all by the one clock of the lab's kernel. */
    const starts = async () =>
      Promise.all(
        SERVERS.map(async (name) => ({
          name,
          at: Number(await context.lab.host(name).exec("systemctl show -P ExecMainStartTimestampMonotonic k3s")),
          active: Number(await context.lab.host(name).exec("systemctl show -P ActiveEnterTimestampMonotonic k3s")),
        })),
      );
    /** One `up` after which every server has another run of k3s, none begun before the one before it was active, and the leader's is the last. */
    async function changeInTurns(): Promise<void> {
      const [first, before] = [await leaderOf(context.lab, SERVERS), await starts()];
      const said = await expectSuccess(context.stack.up());
      const inTurn = (await starts()).sort((a, b) => a.at - b.at);
      for (const { name, at } of inTurn)
        assert.ok(at > (before.find((one) => one.name === name)?.at ?? NaN), `${name} was not restarted:\n${said}`);
      for (const [i, { name, at }] of inTurn.entries())
        assert.ok(at > (inTurn[i - 1]?.active ?? 0), `${name} began before ${inTurn[i - 1]?.name} was up:\n${said}`);
      assert.equal(inTurn.at(-1)?.name, first, said);
      assert.deepEqual(await members(context.kubectl), { "rack-1": "voter", "rack-2": "voter", "rack-3": "voter" });
    }

    before(async () => {
      context = given();
      await context.ensureEmpty();
      if (!context.lab.host("rack-3").isOn) await context.lab.boot("rack-3");
      settings = context.stack.settings();
      context.stack.edit(threeServers(context));
      await context.ensureCluster();
    });

    it("take another release, the leader last, and the agent after them", async () => {
      const next =
        nextK3sVersion(controlOf(context.lab).tools) ??
        assert.fail("there is no next release of this k3s on the mirror: give one by LAB_K3S_NEXT");
      context.stack.edit(({ "hybrid-k3s:cluster": cluster }) => (cluster.k3sVersion = next));
      await changeInTurns();
      for (const [name, { version, ready }] of await viewNodes(context.kubectl))
        assert.deepEqual([name, version, ready], [name, next, true]);
      const agent = Number(await context.lab.host("kiosk-1").exec("systemctl show -P ExecMainStartTimestampMonotonic k3s-agent"));
      for (const { name, active } of await starts()) assert.ok(agent > active, `the agent began before ${name} was up`);
    });

    it("take other settings of k3s in the same way, and have nothing left to do", async () => {
      context.stack.edit(({ "hybrid-k3s:cluster": cluster }) => (cluster.k3s = { ...cluster.k3s, "kubelet-arg": ["max-pods=100"] }));
      await changeInTurns();
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
    });

    after(async () => {
      await context.ensureEmpty();
      context.stack.edit((edited) => Object.assign(edited, settings));
      assert.deepEqual(await findLeftovers(context.lab, context.before), []);
    });
  },
};
