import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { controlOf } from "../../../lab/console";
import { nextK3sVersion } from "../../../lab/mirror/next-release";
import { type StackSettings, metalPool, poolHost } from "../../../lab/stack-config";
import { type Budget, deployBudgets, podsOf, removeBudgets, watchAvailable } from "../budgets";
import type { LabContext, Scenario } from "../lab-context";
import { podCidrs } from "../node-network";
import { expectFailure, expectSuccess, openNodes, viewNodes, waitReady } from "../nodes-view";
import { breakRelease, closeWayToPods, mendRelease, openWayToPods, releaseOf, runOf } from "../planted-upgrades";

const AGENTS = ["rack-2", "rack-3", "kiosk-1"] as const;
type Agent = (typeof AGENTS)[number];
const NODES = ["rack-1", ...AGENTS] as const;
/** Two evictions, the second after the first pod is ready elsewhere, on a busy machine. */
const DRAIN_SECONDS = 25;
/** A drain may take one of its pods at a time. */
const WEB: Budget = { name: "web", replicas: 2, nodes: ["rack-2", "rack-3", "kiosk-1"], minAvailable: 1 };

/** Three agents in two pools that empty a node before its upgrade. */
const threeAgents = (context: LabContext) => (settings: StackSettings) => {
  metalPool(settings, "metal").hosts.push(poolHost(context.lab, "rack-3"));
  for (const name of ["metal", "edge"])
    Object.assign(metalPool(settings, name), { drainTimeout: `${DRAIN_SECONDS}s`, upgrade: { maxUnavailable: 1, drain: true } });
};

/** A release that fails at each step in turn: the first node that does not come through stops the rest, and the next `up` goes on from there. */
export const upgrades: Scenario = {
  name: "upgrades",
  define: (given) => {
    let context: LabContext;
    let [old, next] = ["", ""];
    let settings: StackSettings;
    let cidrs: Readonly<Record<string, string>>;
    /** Agents that the new release has not reached. */
    let untouched: readonly Agent[] = AGENTS;

    const host = (name: (typeof NODES)[number]) => context.lab.host(name);
    const runs = async (names: readonly Agent[]) => Promise.all(names.map(async (name) => `${name} ${await runOf(host(name))}`));

    /** One `up` that must fail on one agent, which is no more than one of these; the others' k3s goes on as before. */
    async function failOnOne(words: RegExp): Promise<Agent> {
      const before = await runs(untouched);
      const said = await expectFailure(context.stack.up());
      const failed = AGENTS.filter((name) => new RegExp(`${name}: ${words.source}`).test(said));
      // On one line, which is what the end of a long run shows.
      const told = said.split("\n").filter((line) => /(rack|kiosk)-\d: (?!waits|still)/.test(line));
      assert.equal(failed.length, 1, `failed on ${failed.join(", ") || "none"}: ${told.map((line) => line.trim()).join(" | ")}\n${said}`);
      const [one = assert.fail()] = failed;
      assert.ok(untouched.includes(one), `${one} had been upgraded before:\n${said}`);
      const others = untouched.filter((name) => name !== one);
      assert.deepEqual(
        await runs(others),
        before.filter((line) => !line.startsWith(`${one} `)),
      );
      for (const name of others) {
        assert.equal(await releaseOf(host(name)), old, name);
        if (said.includes(`${name}: left as it is`)) assert.match(said, new RegExp(`${name}: left as it is, because ${one} failed`));
      }
      assert.deepEqual(await openNodes(context.kubectl), [...NODES].sort(), "nodes that take pods");
      return one;
    }

    before(async () => {
      context = given();
      const { tools } = controlOf(context.lab);
      [old, next] = [
        tools.k3sVersion,
        nextK3sVersion(tools) ?? assert.fail("there is no next release of this k3s on the mirror: give one by LAB_K3S_NEXT"),
      ];
      await context.ensureEmpty();
      if (!host("rack-3").isOn) await context.lab.boot("rack-3");
      settings = context.stack.settings();
      context.stack.edit(threeAgents(context));
      await context.ensureCluster();
      await deployBudgets(context.kubectl, [WEB]);
      await context.ensureProbePods();
      cidrs = await podCidrs(context.kubectl);
      context.stack.edit(({ "hybrid-k3s:cluster": cluster }) => (cluster.k3sVersion = next));
    });

    it("stops at the server that does not come back, and no agent is touched", async () => {
      await breakRelease(host("rack-1"), next);
      const before = await runs(AGENTS);
      const said = await expectFailure(context.stack.up());
      assert.ok(said.includes(`rack-1 (server): ${old} to ${next}`), said);
      assert.match(said, /rack-1: k3s\.service dies again and again: level=fatal msg=planted/);
      assert.deepEqual(await runs(AGENTS), before);
      for (const name of AGENTS) assert.equal(await releaseOf(host(name)), old, name);
      await mendRelease(host("rack-1"));
    });

    it("mends the server and stops at the first agent whose k3s cannot start, of all pools", async () => {
      for (const name of AGENTS) await breakRelease(host(name), next);
      const one = await failOnOne(/k3s-agent\.service dies again and again: level=fatal msg=planted/);
      assert.equal(await releaseOf(host(one)), next);
      assert.equal((await viewNodes(context.kubectl)).get("rack-1")?.version, next);
      untouched = untouched.filter((name) => name !== one);
      for (const name of AGENTS)
        await host(name).exec("rm /run/systemd/system/k3s-agent.service.d/planted.conf && systemctl daemon-reload");
      await host(one).exec("systemctl stop k3s-agent");
    });

    it("goes on with that agent, and stops at the first one that is Ready but whose pods are not reached", async () => {
      for (const name of untouched) await closeWayToPods(host(name), cidrs[name] ?? assert.fail(name));
      const one = await failOnOne(/Ready with \S+, but its pods are not reached from this server after 60 s: the way to them is there/);
      assert.equal((await viewNodes(context.kubectl)).get(one)?.version, next);
      for (const name of untouched) await openWayToPods(host(name), cidrs[name] ?? assert.fail(name));
      untouched = untouched.filter((name) => name !== one);
    });

    it("stops where a budget holds the drain: the node is as it was", async () => {
      const [last = assert.fail("every agent was touched")] = untouched;
      await deployBudgets(context.kubectl, [{ name: "stuck", replicas: 1, nodes: [last], minAvailable: 1 }]);
      assert.equal(await failOnOne(new RegExp(`its pods did not leave within ${DRAIN_SECONDS} s`)), last);
      assert.equal(await releaseOf(host(last)), old);
      await context.kubectl(["-n", "budget", "delete", "deployment,pdb", "stuck"]);
    });

    it("goes through the rest while the workload stays available, and has nothing left to do", async () => {
      const [last = assert.fail("every agent was touched"), ...others] = [
        ...untouched,
        ...AGENTS.filter((name) => !untouched.includes(name)),
      ];
      await deployBudgets(context.kubectl, [{ name: "moved", replicas: 2, nodes: [last, ...others], minAvailable: 1 }]);
      const first = await podsOf(context.kubectl, "moved");
      const watch = watchAvailable(context.lab.operator.kubectl.bind(context.lab.operator), "moved");
      await expectSuccess(context.stack.up());
      const available = await watch.stop();
      assert.ok(available.length > 1 && Math.min(...available) >= 1, `available pods of moved over time: ${available.join(", ")}`);
      const left = await podsOf(context.kubectl, "moved");
      assert.deepEqual([first.length, first.filter((pod) => left.includes(pod))], [2, []], `pods that were on ${last} and are still there`);
      await waitReady(context.kubectl, NODES);
      for (const [name, { version, cordoned }] of await viewNodes(context.kubectl))
        assert.deepEqual([name, version, cordoned], [name, next, false]);
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
    });

    after(async () => {
      await removeBudgets(context.kubectl);
      await context.ensureEmpty();
      context.stack.edit((edited) => Object.assign(edited, settings));
      assert.deepEqual(await findLeftovers(context.lab, context.before), []);
    });
  },
};
