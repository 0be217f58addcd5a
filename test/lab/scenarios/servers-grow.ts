import assert from "node:assert/strict";
import { after, before, it, type TestContext } from "node:test";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import type { HostName } from "../../../lab/hosts/topology";
import type { StackSettings } from "../../../lab/stack-config";
import { watchChange } from "../change-watch";
import type { Scenario } from "../lab-context";
import { expectFailure, expectSuccess, readyNodes } from "../nodes-view";
import { members, withServers } from "../servers-view";
import { startsOf } from "../untouched";

/** The issue's own measure for a change of a living cluster. */
const MOST_SECONDS = 15;
const STAY: readonly HostName[] = ["rack-1", "kiosk-1"];

/** One server gets company while a client asks the API and a Service, and is left alone again. */
export const serversGrow: Scenario = {
  name: "servers-grow",
  define: (context) => {
    let settings: StackSettings;
    const starts = () => Promise.all(STAY.map((name) => startsOf(context().lab.host(name), "k3s")));

    /** One `up` with these servers, and what clients saw of it. */
    async function changeTo(servers: readonly HostName[], test: TestContext): Promise<void> {
      const watch = await watchChange(context(), STAY);
      context().stack.edit(withServers(context(), ...servers));
      const began = Date.now();
      await expectSuccess(context().stack.up());
      const seconds = (Date.now() - began) / 1000;
      const { api, service } = await watch.stop();
      test.diagnostic(`${servers.join(", ")}: up ${seconds} s; API ${JSON.stringify(api)}; Service ${JSON.stringify(service)}`);
      assert.ok(api.asked > seconds, "the API was asked all the while");
      assert.ok(api.failedSeconds <= MOST_SECONDS, `the API did not answer for ${api.failedSeconds} s`);
      for (const [node, { opened, lost }] of Object.entries(service)) {
        assert.ok(opened > seconds, `${node} asked all the while`);
        assert.ok(lost * 0.2 <= MOST_SECONDS, `${node}: ${lost} questions in vain`);
      }
      assert.deepEqual(await readyNodes(context().kubectl), ["kiosk-1", ...servers].sort());
      assert.deepEqual(await members(context().kubectl), Object.fromEntries(servers.map((name) => [name, "voter"])));
      await expectSuccess(context().stack.up(["--expect-no-changes"]));
    }

    before(async () => {
      await context().ensureEmpty();
      for (const name of ["rack-2", "rack-3"] as const) if (!context().lab.host(name).isOn) await context().lab.host(name).boot();
      settings = context().stack.settings();
      // As stacks begin: SQLite, and k3s's own VPN flag.
      context().stack.edit((edited) => Reflect.deleteProperty(edited["hybrid-k3s:pools"], "metal"));
      await context().ensureCluster();
      await context().ensureProbePods();
    });

    it("goes from SQLite and k3s's VPN flag to etcd and routes in one up, with one restart of each node's k3s", async (test) => {
      assert.deepEqual(await members(context().kubectl), { "rack-1": "unknown" });
      const before = await starts();
      await changeTo(["rack-1"], test);
      for (const [i, now] of (await starts()).entries()) assert.notDeepEqual(now, before[i], STAY[i]);
      await context().lab.host("rack-1").exec("test -e /var/lib/rancher/k3s/server/db/state.db.migrated");
    });

    it("is not taken back to SQLite, and says so before anything is made", async () => {
      const before = await starts();
      context().stack.edit(({ "hybrid-k3s:cluster": cluster }) => (cluster.datastore = "sqlite"));
      assert.match(
        await expectFailure(context().stack.up()),
        /The cluster edge keeps its data in etcd, and hybrid-k3s:cluster\.datastore is sqlite/,
      );
      assert.deepEqual(await starts(), before);
    });

    it("gets two more servers beside a living one, whose k3s goes on to run like the agents'", async (test) => {
      const before = await starts();
      await changeTo(["rack-1", "rack-2", "rack-3"], test);
      assert.deepEqual(await starts(), before);
    });

    it("is left with one of them, each of the others out of etcd before its k3s stopped", async (test) => {
      const before = await starts();
      await changeTo(["rack-1"], test);
      assert.deepEqual(await starts(), before);
    });

    after(async () => {
      const { lab, stack, before: look } = context();
      await context().ensureEmpty();
      stack.edit((edited) => Object.assign(edited, settings));
      assert.deepEqual(await findLeftovers(lab, look), []);
    });
  },
};
