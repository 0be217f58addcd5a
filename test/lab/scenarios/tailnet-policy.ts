import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { checkConnectivity } from "../../../lab/checks/connectivity";
import { controlOf } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, readyNodes, urnOf, viewDevices } from "../nodes-view";
import {
  ShopStack,
  companyPolicy,
  isMarked,
  isOwnTest,
  linesBut,
  livePolicy,
  policyWrites,
  savePolicy,
  setPolicyMode,
  withoutMarked,
} from "../shared-tailnet";
import { assertQuiet } from "./second-up";

const COMPANY = companyPolicy("grants");
/** A line of ours that no traffic hangs on. */
const isTestOfTag = (line: string): boolean => isOwnTest(line) && line.includes('{"src": "tag:k3s-edge"');
const isOperatorsRule = (line: string): boolean => isMarked(line) && line.includes('"src": ["group:ops"]');

async function assertReach({ kubectl, ensureProbePods }: { [Key in "kubectl" | "ensureProbePods"]: LabContext[Key] }): Promise<void> {
  const findings = await checkConnectivity(kubectl, await ensureProbePods(), "reach");
  assert.deepEqual(
    findings.filter(({ fault }) => fault !== undefined),
    [],
  );
  assert.equal(findings.length, 12);
}

/** A tailnet that belongs to others as well: the cluster stands in their policy file, and they go on editing it. */
export const tailnetPolicy: Scenario = {
  name: "tailnet-policy",
  define: (given) => {
    let context: LabContext;
    let whole = "";
    let shop: ShopStack;
    const reach = () => assertReach({ kubectl: context.kubectl, ensureProbePods: () => context.ensureProbePods() });
    /** What the stack's next `up` makes of the policy that somebody has saved, and how it wrote. */
    const repair = async (): Promise<{ live: string; writes: number[] }> => {
      const since = new Date().toISOString();
      await expectSuccess(context.stack.up());
      return { live: await livePolicy(context.lab), writes: await policyWrites(context.lab, since) };
    };

    before(async () => {
      context = given();
      await context.ensureEmpty();
      await savePolicy(context.lab, COMPANY);
      setPolicyMode(context.stack, "merge");
    });

    it("has a cluster up with every line of others as it was, and pods reach each other", async () => {
      await context.ensureCluster();
      whole = await livePolicy(context.lab);
      assert.notEqual(whole, COMPANY);
      assert.equal(withoutMarked(whole), COMPANY);
      assert.deepEqual(await readyNodes(context.kubectl), ["kiosk-1", "rack-1", "rack-2"]);
      await reach();
    });

    it("has nothing to do again, and logs in nowhere", async () => {
      await assertQuiet(context, () => context.stack.up(["--expect-no-changes"]));
    });

    it("keeps every line at `up --replace` of whatever nodes live by, and the server from being one of that", async () => {
      const { lab, stack, kubectl } = context;
      const since = new Date().toISOString();
      const replace = async (...names: readonly string[]) =>
        stack.up((await Promise.all(names.map((name) => urnOf(stack, name)))).flatMap((urn) => ["--replace", urn]));
      const devices = await viewDevices(lab);
      await expectSuccess(replace("cluster-policy", "rack-1-route", "rack-2-route"));
      for (const name of ["rack-1-key", "rack-1-cleanup", "cluster-protect-identity"])
        assert.match(
          await expectFailure(replace("cluster-policy", name)),
          /would replace or remove rack-1[^]*stopped before anything was deleted/,
          name,
        );
      assert.deepEqual([await viewDevices(lab), await livePolicy(lab)], [devices, whole]);

      // An agent comes back by another key under the policy as it is.
      await expectSuccess(replace("rack-2-key", "cluster-policy"));
      assert.notEqual((await viewDevices(lab)).get("rack-2")?.id, devices.get("rack-2")?.id);
      assert.deepEqual([await policyWrites(lab, since), await livePolicy(lab)], [[], whole]);
      assert.deepEqual(await readyNodes(kubectl), ["kiosk-1", "rack-1", "rack-2"]);
      await reach();
    });

    it("tells at preview --refresh that a colleague took our lines out, and repairs it at up --refresh", async () => {
      await savePolicy(context.lab, COMPANY);
      const said = await expectSuccess(context.stack.preview(["--refresh"]));
      assert.match(said, /The tailnet's policy \(merge\) changes:/);
      for (const line of whole.split("\n").filter((each) => isMarked(each))) assert.ok(said.includes(`+${line}`), `not told: ${line}`);
      assert.equal(await livePolicy(context.lab), COMPANY);
      await expectSuccess(context.stack.up(["--refresh"]));
      assert.equal(await livePolicy(context.lab), whole);
      await waitUntil("pods reach each other again", () => reach().then(() => true), { timeoutMs: 30_000, intervalMs: 500 });
    });

    it("keeps an edit that comes between its reading and its writing", async () => {
      const lacking = linesBut(whole, isTestOfTag);
      const edited = lacking.replace("// on call", "// on call, bob from May");
      await savePolicy(context.lab, lacking);
      await controlOf(context.lab).admin.call("addFault", { method: "POST", path: "/acl$", times: 1, overtakenBy: edited });
      const { live, writes } = await repair();
      assert.deepEqual(writes, [412, 200]);
      assert.equal(live, whole.replace("// on call", "// on call, bob from May"));
      await savePolicy(context.lab, whole);
    });

    it("writes once where the answer to a write is lost", async () => {
      await savePolicy(context.lab, linesBut(whole, isTestOfTag));
      await controlOf(context.lab).admin.call("addFault", { method: "POST", path: "/acl$", times: 1, drop: "after" });
      const { live, writes } = await repair();
      // 0 acted without an answer, and the second try met what the first had written.
      assert.deepEqual(writes, [0, 412]);
      assert.equal(live, whole);
    });

    it("names the test of others that its lines would fail, and writes nothing", async () => {
      const theirs = '\t\t{"src": "alice@example.org", "deny": ["tag:k3s-edge:6443"]},\n';
      const lacking = linesBut(whole, (line) => isOperatorsRule(line) || isOwnTest(line));
      const against = lacking.replace('\t"tests": [\n', (open) => open + theirs);
      assert.notEqual(against, lacking);
      await savePolicy(context.lab, against);
      const since = new Date().toISOString();
      const said = await expectFailure(context.stack.up());
      assert.match(said, /The tailnet refuses the policy with this change \(test\(s\) failed\); nothing was written\./);
      assert.match(said, /- from alice@example\.org: address "tag:k3s-edge:6443": want: Drop, got: Accept/);
      assert.deepEqual(await policyWrites(context.lab, since), []);
      assert.equal(await livePolicy(context.lab), against);
      await savePolicy(context.lab, lacking);
      assert.equal((await repair()).live, whole);
    });

    it("shares the file with another team's stack: neither has anything to do because of the other", async () => {
      const edge = context.stack;
      shop = await ShopStack.create(context.lab);
      await expectSuccess(shop.up());
      const both = await livePolicy(context.lab);
      assert.equal(withoutMarked(both, "shop"), whole);
      await assertQuiet(context, () => edge.up(["--expect-no-changes"]));
      edge.edit(({ "hybrid-k3s:vpn": vpn }) => (vpn.nodePorts = [10250, 9100]));
      await expectSuccess(edge.up());
      await expectSuccess(shop.up(["--expect-no-changes"]));
      edge.edit(({ "hybrid-k3s:vpn": vpn }) => Reflect.deleteProperty(vpn, "nodePorts"));
      await expectSuccess(edge.up());
      assert.equal(await livePolicy(context.lab), both);
    });

    it("refuses a pod network that another team's cluster has, before anything is made", async () => {
      const { podCidr } = shop.stack.settings()["hybrid-k3s:cluster"];
      const live = await livePolicy(context.lab);
      shop.stack.edit(({ "hybrid-k3s:cluster": cluster }) => (cluster.podCidr = "10.42.128.0/17"));
      const said = await expectFailure(shop.up());
      assert.match(
        said,
        /This cluster's lines could not be added to the tailnet's policy; nothing was changed:\n\s*- line \d+: [^\n]*edge/,
      );
      shop.stack.edit(({ "hybrid-k3s:cluster": cluster }) => (cluster.podCidr = podCidr));
      assert.equal(await livePolicy(context.lab), live);
    });

    it("leaves the file of others, byte by byte, when its clusters go in either order", async () => {
      await context.ensureEmpty();
      assert.deepEqual(
        (await livePolicy(context.lab)).split("\n").filter((line) => isMarked(line, "edge")),
        [],
      );
      assert.equal(withoutMarked(await livePolicy(context.lab), "shop"), COMPANY);
      await expectSuccess(shop.destroy());
      assert.equal(await livePolicy(context.lab), COMPANY);
    });

    after(async () => {
      await controlOf(context.lab).admin.call("clearFaults");
      await context.ensureEmpty();
      await savePolicy(context.lab, context.before.policy);
      setPolicyMode(context.stack, "own");
    });
  },
};
