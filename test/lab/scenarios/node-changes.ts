import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { removeProbePods, succeed } from "../../../lab/checks/probe-pods";
import type { HostName } from "../../../lab/hosts/topology";
import { type Snapshot, takeSnapshot } from "../../../lab/hosts/snapshot";
import { type BareMetalPool, metalPool } from "../../../lab/stack-config";
import { deployBudgets, nodesOf, placesOf, removeBudgets, watchAvailable } from "../budgets";
import {
  expectFailure,
  expectSuccess,
  keptKeys,
  openNodes,
  readyNodes,
  resourceNames,
  viewDevices,
  viewNodes,
  waitReady,
} from "../nodes-view";
import type { LabContext, Scenario } from "../lab-context";
import { deployLocalVolume, releaseLocalVolume, removeLocalVolume } from "../local-volume";
import { sessionsOn } from "../ssh-watch";
import { changesSince, expectClean, readNodeState, startsOf } from "../untouched";

const FIRST: readonly HostName[] = ["rack-1", "rack-2", "kiosk-1"];
const SPARE: readonly HostName[] = ["rack-3", "kiosk-2"];
const ALL = [...FIRST, ...SPARE];
const SESSIONS_PER_NEW_NODE = 5;
const DRAIN_SECONDS = 5;
const GO_ON = "--continue-on-error";

function editPool(context: LabContext, pool: string, change: (pool: BareMetalPool) => void): void {
  context.stack.edit((settings) => {
    change(metalPool(settings, pool));
  });
}

const NO_SESSIONS = Object.fromEntries(ALL.map((name) => [name, 0]));

const spent = (output: string, resource: string): number => {
  const seconds = new RegExp(`${resource} deleted \\((\\d+)s\\)`).exec(output)?.[1];
  return Number(seconds ?? 0);
};

/** Nodes come, change and go; those that are not concerned notice nothing. */
export const nodeChanges: Scenario = {
  name: "node-changes",
  define: (given) => {
    let context: LabContext;
    let spares: Snapshot[] = [];

    before(async () => {
      context = given();
      await context.ensureCluster();
      await context.ensureProbePods();
      await Promise.all(SPARE.map((name) => context.lab.boot(name)));
      spares = await Promise.all(SPARE.map((name) => takeSnapshot(context.lab.host(name))));
    });

    it("adds two hosts without touching the nodes that are there", async () => {
      const look = () => Promise.all(FIRST.map((name) => readNodeState(context.lab.host(name), context.kubectl)));
      const earlier = await look();
      const since = Date.now();
      for (const name of SPARE) context.stack.addHost(name);
      await expectSuccess(context.stack.up());

      const sessions = await sessionsOn(context, ALL, since);
      // One that all scripts there share; another where it was idle for too long in between.
      assert.ok(Number(sessions["rack-1"]) <= 2, `rack-1: ${String(sessions["rack-1"])} sessions`);
      assert.deepEqual([sessions["rack-2"], sessions["kiosk-1"]], [0, 0], "sessions on nodes that were there");
      for (const name of SPARE) assert.ok(Number(sessions[name]) < SESSIONS_PER_NEW_NODE, `${name}: ${String(sessions[name])} sessions`);
      for (const [i, facts] of (await look()).entries()) assert.deepEqual(changesSince(earlier[i] ?? [], facts), [], FIRST[i]);
      assert.deepEqual(await readyNodes(context.kubectl), [...ALL].sort());
    });

    it("sets labels and taints in place, without a restart", async () => {
      const before = await Promise.all(ALL.map((name) => startsOf(context.lab.host(name), "k3s")));
      editPool(context, "edge", (pool) => {
        pool.labels = { tier: "silver", colour: "blue" };
        pool.taints = ["shift=night:PreferNoSchedule", "retiring=soon:PreferNoSchedule"];
        pool.drainTimeout = `${DRAIN_SECONDS}s`;
      });
      await expectSuccess(context.stack.up());
      const node = (await viewNodes(context.kubectl)).get("kiosk-1");
      assert.equal(node?.labels["tier"], "silver");
      assert.equal(node.labels["colour"], "blue");
      assert.deepEqual(node.taints, ["shift=night:PreferNoSchedule", "retiring=soon:PreferNoSchedule"]);
      assert.deepEqual(await Promise.all(ALL.map((name) => startsOf(context.lab.host(name), "k3s"))), before, "k3s was restarted");
    });

    it("changes and removes its own labels and taints only, and restarts k3s only where its settings change", async () => {
      await succeed(context.kubectl, ["label", "node", "kiosk-1", "owner=somebody"]);
      await succeed(context.kubectl, ["taint", "node", "kiosk-1", "theirs=yes:PreferNoSchedule"]);
      const names = ["k3s", "tailscaled", "containerd-shim"] as const;
      const look = () => Promise.all(ALL.map((host) => Promise.all(names.map((name) => startsOf(context.lab.host(host), name)))));
      const earlier = await look();
      editPool(context, "edge", (pool) => {
        pool.labels = { tier: "gold", shade: "dark" };
        pool.taints = ["shift=day:PreferNoSchedule", "fresh=yes:PreferNoSchedule"];
      });
      editPool(context, "metal", (pool) => {
        pool.k3s = { "kubelet-arg": ["max-pods=99"] };
      });
      await expectSuccess(context.stack.up());

      const nodes = await viewNodes(context.kubectl);
      const { labels, taints } = nodes.get("kiosk-1") ?? assert.fail("kiosk-1 is gone");
      assert.deepEqual([labels["tier"], labels["shade"], labels["colour"], labels["owner"]], ["gold", "dark", undefined, "somebody"]);
      assert.deepEqual([...taints].sort(), ["fresh=yes:PreferNoSchedule", "shift=day:PreferNoSchedule", "theirs=yes:PreferNoSchedule"]);
      assert.deepEqual(
        ALL.map((name) => nodes.get(name)?.podCapacity),
        ALL.map((name) => (name === "rack-2" || name === "rack-3" ? "99" : "110")),
      );
      for (const [i, [k3s, ...others]] of (await look()).entries()) {
        const [k3sBefore, ...othersBefore] = earlier[i] ?? [];
        const isMetal = ALL[i] === "rack-2" || ALL[i] === "rack-3";
        assert.equal(String(k3s) !== String(k3sBefore), isMetal, `${ALL[i] ?? ""}: k3s was ${String(k3sBefore)}, is ${String(k3s)}`);
        assert.deepEqual(others, othersBefore, `${ALL[i] ?? ""}: tailscaled or a pod was restarted`);
      }
      await waitReady(context.kubectl, ALL);
    });

    it("touches no node where one that is taken out holds a volume, and names it in the preview too", async () => {
      await deployLocalVolume(context.kubectl, "rack-2");
      const resources = await resourceNames(context.stack);
      context.stack.removeHost("rack-2");
      context.stack.removeHost("kiosk-2");
      const since = Date.now();
      const shown = await expectSuccess(context.stack.preview());
      assert.match(
        shown,
        /rack-2 is removed, and with it goes what no other node can use: volume pvc-lab \(claim budget\/data, pods budget\/holder\)\. removeData of pool metal is false/,
      );
      assert.deepEqual(await sessionsOn(context, ALL, since), { ...NO_SESSIONS, "rack-1": 1 });
      const said = await expectFailure(context.stack.up([GO_ON]));
      assert.match(said, /Nothing was removed, because volumes that no other node can use would be lost/);
      assert.match(
        said,
        /- rack-2: volume pvc-lab \(claim budget\/data, pods budget\/holder\)\n[^]*set hybrid-k3s:pools\.metal\.removeData to true/,
      );
      // What only looks or waits (install, its token and route, wait-ready) undoes nothing when it goes from the state.
      const kept = await resourceNames(context.stack);
      const undoing = [...resources].filter((name) => /-(preflight|key|cleanup|join|drain)$/.test(name));
      assert.deepEqual(
        undoing.filter((name) => !kept.has(name)),
        [],
      );
      // Kept when its claim was deleted, it holds the data still.
      await releaseLocalVolume(context.kubectl);
      assert.match(await expectFailure(context.stack.up([GO_ON])), /- rack-2: volume pvc-lab \(claim budget\/data\)\n/);
      assert.deepEqual(await openNodes(context.kubectl), [...ALL].sort());
    });

    it("removes nodes from the middle: disruption budgets hold, and no pod moves to a node that leaves next", async () => {
      await deployBudgets(context.kubectl, [
        { name: "web", replicas: 2, nodes: ["rack-2", "rack-3"], minAvailable: 1 },
        { name: "stuck", replicas: 1, nodes: ["kiosk-2"], minAvailable: 1 },
      ]);
      await deployBudgets(context.kubectl, [
        { name: "mover", replicas: 1, nodes: ["rack-2", "rack-3", "kiosk-2"], prefers: ["kiosk-2", "rack-2"], minAvailable: 0 },
      ]);
      const stay: readonly HostName[] = ["rack-1", "rack-3", "kiosk-1"];
      const kept = await keptKeys(context.lab);
      const resources = await resourceNames(context.stack);
      const look = () => Promise.all(stay.map((name) => readNodeState(context.lab.host(name), context.kubectl)));
      const earlier = await look();
      const watch = watchAvailable(context.lab.operator.kubectl.bind(context.lab.operator), "web");
      const since = Date.now();
      editPool(context, "metal", (pool) => (pool.removeData = true));
      // One after the other: pods that would rather be on the other node that leaves would go there if it were still open.
      const output = await expectFailure(context.stack.up([GO_ON, "--parallel=1"]));
      const available = await watch.stop();

      assert.ok(available.length > 1 && Math.min(...available) >= 1, `available pods of web over time: ${available.join(", ")}`);
      assert.deepEqual(await nodesOf(context.kubectl, "web"), ["rack-3", "rack-3"]);
      assert.match(
        output,
        new RegExp(
          `kiosk-2: not removed, because these pods are still on it after ${DRAIN_SECONDS} s: budget/stuck-\\S+\\. It stays cordoned`,
        ),
      );
      // Whichever the engine takes first, both are closed by then: a drain that closes its node itself says no "already".
      for (const node of ["rack-2", "kiosk-2"]) assert.match(output, new RegExp(`${node}: node/${node} already cordoned`));
      assert.deepEqual(await placesOf(context.kubectl, "mover"), ["rack-2", "rack-3"]);
      assert.deepEqual(await readyNodes(context.kubectl), [...stay, "kiosk-2"].sort());
      assert.deepEqual(await openNodes(context.kubectl), [...stay].sort());
      assert.ok((await viewDevices(context.lab)).has("kiosk-2"), "the device of kiosk-2 is gone");
      assert.deepEqual(await sessionsOn(context, stay, since), { "rack-1": 3, "rack-3": 0, "kiosk-1": 0 });

      editPool(context, "edge", (pool) => (pool.drainPolicy = "force"));
      const forced = await expectSuccess(context.stack.up());
      assert.match(
        forced,
        new RegExp(`kiosk-2: not drained within ${DRAIN_SECONDS} s; deleting what is left, disruption budgets or not: budget/stuck-`),
      );
      const seconds = spent(forced, "kiosk-2-drain");
      assert.ok(seconds >= DRAIN_SECONDS && seconds < DRAIN_SECONDS + 30, `removing kiosk-2 took ${seconds} s`);

      assert.deepEqual(await readyNodes(context.kubectl), [...stay].sort());
      assert.deepEqual([...(await viewDevices(context.lab)).keys()].sort(), [...stay].sort());
      assert.equal((await keptKeys(context.lab)).length, kept.length - 2, "keys that are not revoked");
      const gone = [...resources].filter((name) => !/^(rack-2|kiosk-2)(-|$)/.test(name));
      assert.deepEqual([...(await resourceNames(context.stack))].sort(), gone.sort(), "resources left in the state");
      // The pods of web and mover moved to rack-3, and jobs of k3s may: changes there, and the only ones.
      const moved =
        /^[+-] (pod (budget\/(web|mover)|kube-system\/helm-install)-|process\tcontainerd-shim |unit\t(state|file) \S+\.(mount|scope|slice) |file\t\/var\/lib\/(kubelet|rancher\/k3s\/agent\/containerd)\/)/;
      for (const [i, facts] of (await look()).entries()) {
        const changes = changesSince(earlier[i] ?? [], facts).filter((change) => stay[i] !== "rack-3" || !moved.test(change));
        assert.deepEqual(changes, [], stay[i]);
      }
      await expectClean(
        context,
        ["rack-2"],
        context.before.hosts.filter(({ host }) => host.name === "rack-2").map(({ snapshot }) => snapshot),
      );
      await expectClean(context, ["kiosk-2"], spares.slice(1));
    });

    it("takes labels, taints and settings back that the config no longer names", async () => {
      await removeBudgets(context.kubectl);
      await removeLocalVolume(context.kubectl);
      editPool(context, "edge", (pool) => {
        for (const key of ["labels", "taints", "drainTimeout", "drainPolicy"]) Reflect.deleteProperty(pool, key);
      });
      editPool(context, "metal", (pool) => {
        for (const key of ["k3s", "removeData"]) Reflect.deleteProperty(pool, key);
      });
      context.stack.removeHost("rack-3");
      context.stack.edit((settings) => {
        settings["hybrid-k3s:pools"]["metal"] ??= { provider: "bare-metal", role: "agent", hosts: [] };
      });
      context.stack.addHost("rack-2");
      await expectSuccess(context.stack.up());

      const nodes = await viewNodes(context.kubectl);
      assert.deepEqual([...nodes.keys()].sort(), [...FIRST].sort());
      const { labels, taints } = nodes.get("kiosk-1") ?? assert.fail("kiosk-1 is gone");
      assert.deepEqual([labels["tier"], labels["shade"], labels["owner"]], [undefined, undefined, "somebody"]);
      assert.deepEqual(taints, ["theirs=yes:PreferNoSchedule"]);
      assert.equal(nodes.get("rack-2")?.podCapacity, "110");
      await expectClean(context, ["rack-3"], spares.slice(0, 1));
    });

    after(async () => {
      await removeProbePods(context.kubectl);
      await succeed(context.kubectl, ["label", "node", "kiosk-1", "owner-"]);
      await succeed(context.kubectl, ["taint", "node", "kiosk-1", "theirs-"]);
      for (const name of SPARE) await context.lab.host(name).powerOff();
    });
  },
};
