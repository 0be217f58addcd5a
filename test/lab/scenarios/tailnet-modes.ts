import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { ProbePod } from "../../../lab/checks/probe-pods";
import { controlOf } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { type LabContext, type Scenario } from "../lab-context";
import { expectFailure, expectSuccess, keptKeys, viewDevices } from "../nodes-view";
import { watchPods } from "../pod-watch";
import { companyPolicy, isMarked, livePolicy, policyWrites, savePolicy, setPolicyMode, withoutMarked } from "../shared-tailnet";

/** Puts the lines that mode `none` has printed where they say: each behind the opening line of its section. */
function paste(policy: string, said: string): string {
  const sections: Record<string, string> = { tagOwners: '"tagOwners": {\n', routes: '"routes": {\n', grants: '"grants": [\n' };
  let section = "";
  let pasted = policy;
  for (const line of said.split("\n").map((each) => each.trim())) {
    const opened = /^"(?:autoApprovers": \{"(?=routes))?(\w+)": [[{]$/.exec(line)?.[1];
    if (opened !== undefined) section = opened;
    if (!isMarked(line)) continue;
    const open = sections[section] ?? assert.fail(`nobody knows where "${section}" is: ${line}`);
    pasted = pasted.replace(open, `${open}${line}\n`);
  }
  return pasted;
}

/** How the policy file is treated can be changed while nodes stand, and what the operator writes by hand will do. */
export const tailnetModes: Scenario = {
  name: "tailnet-modes",
  define: (given) => {
    let context: LabContext;
    let pods: readonly ProbePod[] = [];
    before(async () => {
      context = given();
      await context.ensureEmpty();
    });

    it("goes from own to merge, none and own under a living cluster, and pods across sites lose no connection", async (t) => {
      const { lab, stack, kubectl, before: start } = context;
      await context.ensureCluster();
      const owned = await livePolicy(lab);
      pods = (await context.ensureProbePods()).filter(({ node }) => node !== "rack-2");
      const watch = await watchPods(kubectl, pods);
      const changeTo = async (mode: Parameters<typeof setPolicyMode>[1], writes: readonly number[]): Promise<string> => {
        setPolicyMode(stack, mode);
        const since = new Date().toISOString();
        await expectSuccess(stack.up());
        // One write from a text that has every rule to another one that has: between them there is nothing.
        assert.deepEqual(await policyWrites(lab, since), writes, mode);
        await expectSuccess(stack.up(["--expect-no-changes"]));
        return livePolicy(lab);
      };
      const merged = await changeTo("merge", [200]);
      const lines = merged.split("\n");
      assert.deepEqual(
        start.policy.split("\n").filter((line) => !lines.includes(line)),
        [],
        "lines that were found before mode own",
      );
      assert.ok(lines.some((line) => isMarked(line, "edge")));
      assert.equal(await changeTo("none", []), merged);
      assert.equal(await changeTo("own", [200]), owned);
      const watched = await watch.stop();

      for (const { node } of pods) {
        const { opened = 0, lost, row = 0, last, at } = watched[node] ?? {};
        t.diagnostic(`${node}: ${opened} connections opened, ${lost} lost, at most ${row} in a row`);
        // A busy path may drop a packet; that no rule was away is shown by the writes.
        assert.ok(row <= 1, `${node} lost ${row} in a row, the last at ${at}: ${last}`);
        assert.ok(opened > 100, `${node} opened ${opened}`);
      }
    });

    it("would have seen it if the rule for pods had been away", async () => {
      const { lab, kubectl } = context;
      const owned = await livePolicy(lab);
      const policy = JSON.parse(owned) as { acls: { src: string[] }[] };
      const without = { ...policy, acls: policy.acls.filter(({ src }) => !src.includes("10.42.0.0/16")) };
      assert.equal(without.acls.length, policy.acls.length - 1);
      const watch = await watchPods(kubectl, pods);
      try {
        await savePolicy(lab, JSON.stringify(without));
        const isSeen = async () => Object.values(await watch.look()).some(({ row }) => row > 1);
        await waitUntil("connections are lost one after the other", isSeen, { timeoutMs: 20_000, intervalMs: 500 });
      } finally {
        await savePolicy(lab, owned);
        await watch.stop();
      }
    });

    it("gives the text back that was there before all of them", async () => {
      await context.ensureEmpty();
      assert.equal(await livePolicy(context.lab), context.before.policy);
    });

    it("prints in mode none what the policy lacks before it makes anything, and goes on once that was added", async () => {
      const { lab, stack } = context;
      const company = companyPolicy("grants");
      await savePolicy(lab, company);
      setPolicyMode(stack, "none");
      const said = await expectFailure(stack.up());
      assert.match(said, /vpn\.policy is none, and the tailnet's policy lacks what tag:k3s-edge needs/);
      assert.deepEqual([(await viewDevices(lab)).size, await keptKeys(lab), await livePolicy(lab)], [0, [], company]);

      const added = paste(company, said);
      assert.equal(withoutMarked(added), company);
      await savePolicy(lab, added);
      await expectSuccess(stack.preview());
      assert.equal(await livePolicy(lab), added);
    });

    after(async () => {
      await controlOf(context.lab).admin.call("clearFaults");
      setPolicyMode(context.stack, "own");
      await savePolicy(context.lab, context.before.policy);
      await context.ensureEmpty();
    });
  },
};
