import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { controlOf } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { atCloud, burstNode, emptyPools, joiningVm, machineOf, setPool, waitBurst } from "../clouds-view";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, urnOf, viewDevices, viewNodes } from "../nodes-view";

const REFRESH = ["--refresh", "--continue-on-error"];
const SPOT_TOLERATION = "hybrid-k3s/spot=true:NoSchedule";

/** What goes wrong in clouds; each ends with a message or with success, and the next `up` goes on from there. */
export const burstFaults: Scenario = {
  name: "burst-faults",
  define: (given) => {
    let context: LabContext;
    const up = () => expectSuccess(context.stack.up(REFRESH));
    const [zero, one, two] = [0, 1, 2].map((index) => burstNode("burst", index)) as [string, string, string];
    const azure = burstNode("burst-az", 0);
    const uidOf = async (name: string) => (await viewNodes(context.kubectl)).get(name)?.uid;
    const deviceOf = async (name: string) => (await viewDevices(context.lab)).get(name);

    before(async () => {
      context = given();
      context.addBurstPools();
      await context.ensureCluster();
      await emptyPools(context);
    });

    it("tells of a cloud without capacity for one of three, joins the others, and completes with the next up", async () => {
      await atCloud(context.lab, "burst", "capacity", { count: 1 });
      setPool(context, "burst", { count: 3 });
      const said = await expectFailure(context.stack.up(REFRESH));
      assert.match(said, /InsufficientInstanceCapacity/);
      assert.equal([...(await viewNodes(context.kubectl)).keys()].filter((name) => name.startsWith("edge-burst-")).length, 2);
      await up();
      await waitBurst(context, [zero, one, two]);
    });

    it("replaces a machine that was terminated behind its back in one run, and the preview names node and reason", async () => {
      const [uid, device] = [await uidOf(one), await deviceOf(one)];
      await atCloud(context.lab, "burst", "terminate", { node: one });
      const preview = await expectSuccess(context.stack.preview(["--refresh"]));
      assert.match(preview, new RegExp(`${one}: its machine i-[0-9a-f]{17} is gone from the cloud`));
      await up();
      await waitBurst(context, [zero, one, two]);
      assert.notEqual(await uidOf(one), uid, "it is the old Node");
      assert.notDeepEqual(await deviceOf(one), device, "it is the old device");
      assert.equal((await deviceOf(one))?.name, one, "the name has a suffix");
    });

    it("replaces a machine of another type: drained first, then another machine of the same name", async () => {
      const uid = await uidOf(zero);
      setPool(context, "burst", { count: 1, instanceType: "t3.xlarge" });
      const preview = await expectSuccess(context.stack.preview());
      assert.match(preview, new RegExp(`${zero}: its machine i-[0-9a-f]{17} is replaced, t3\\.large by t3\\.xlarge`));
      await up();
      await waitBurst(context, [zero]);
      assert.notEqual(await uidOf(zero), uid);
      assert.equal((await viewNodes(context.kubectl)).get(zero)?.labels["node.kubernetes.io/instance-type"], "t3.xlarge");
    });

    it("removes a machine that hangs", async () => {
      await (await machineOf(context.lab, zero)).powerOff();
      await emptyPools(context);
      setPool(context, "burst", { instanceType: "t3.large" });
    });

    it("marks spot nodes, and replaces one that was reclaimed", async () => {
      setPool(context, "burst", { count: 1, spot: true });
      await up();
      const node = (await viewNodes(context.kubectl)).get(zero);
      assert.equal(node?.labels["hybrid-k3s/spot"], "true");
      assert.ok(node.taints.includes(SPOT_TOLERATION), node.taints.join(" "));
      await atCloud(context.lab, "burst", "reclaim", { node: zero });
      const preview = await expectSuccess(context.stack.preview(["--refresh"]));
      assert.match(preview, new RegExp(`${zero}: its machine i-[0-9a-f]{17} is gone from the cloud \\(spot: reclaimed`));
      await up();
      await waitBurst(context, [zero]);
      await emptyPools(context);
      setPool(context, "burst", { spot: false });
    });

    it("evicts and replaces a spot machine in Azure too", async () => {
      setPool(context, "burst-az", { count: 1, spot: true });
      await up();
      await atCloud(context.lab, "burst-az", "evict", { node: azure });
      await up();
      await waitBurst(context, [azure]);
      await emptyPools(context);
      setPool(context, "burst-az", { spot: false });
    });

    it("replaces by the printed line a machine whose device expired while it slept", async () => {
      setPool(context, "burst", { count: 1 });
      await up();
      const device = (await deviceOf(zero)) ?? assert.fail("no device");
      await controlOf(context.lab).admin.call("deleteDevice", { id: device.id });
      const server = context.lab.host("rack-1");
      await waitUntil("the first server is told", async () => !(await server.exec("tailscale status")).includes(zero), {
        timeoutMs: 30_000,
      });
      setPool(context, "burst", { labels: { looked: "again" } });
      const said = await expectFailure(context.stack.up());
      const urn = await urnOf(context.stack, `${zero}-eu-central-1-debian-12-amd64-vm`);
      assert.ok(said.includes(`pulumi up --replace '${urn}'`), said);
      await expectSuccess(context.stack.up(["--replace", urn]));
      await waitBurst(context, [zero]);
    });

    it("removes a node while the API server is down for a while", async () => {
      const server = context.lab.host("rack-1");
      await server.exec("systemctl stop k3s");
      setPool(context, "burst", { count: 0, labels: {} });
      const run = context.stack.up(REFRESH);
      await waitUntil("the removal asks the API server", async () => (await server.exec("pgrep -f remove-node || true")) !== "", {
        timeoutMs: 60_000,
        intervalMs: 200,
      });
      await server.exec("systemctl start k3s");
      await expectSuccess(run);
      await emptyPools(context);
    });

    it("says so when a machine dies while it joins, and completes or removes it afterwards", async () => {
      setPool(context, "burst", { count: 1 });
      const run = context.stack.up(REFRESH);
      const vm = await waitUntil("the machine joins", () => joiningVm(context.lab, zero), { timeoutMs: 90_000, intervalMs: 200 });
      await vm.powerOff();
      await atCloud(context.lab, "burst", "terminate", { node: zero });
      await expectFailure(run);
      await up();
      await waitBurst(context, [zero]);
      await emptyPools(context);
    });

    it("goes on with the next up where SSH was refused from the middle on", async () => {
      setPool(context, "burst", { count: 1 });
      const run = context.stack.up(REFRESH);
      const vm = await waitUntil("the machine joins", () => joiningVm(context.lab, zero), { timeoutMs: 90_000, intervalMs: 200 });
      // Sessions that are open stay open.
      await vm.exec("systemctl stop ssh.socket 2>/dev/null || true; systemctl stop ssh.service");
      assert.match(await expectFailure(run), /edge-burst-0-(token|k3s)[^]*connection refused/);
      await vm.exec("systemctl start ssh.service");
      await up();
      await waitBurst(context, [zero]);
      await emptyPools(context);
    });

    it("removes a machine that never booted, once the operator gave up waiting for it", async () => {
      await atCloud(context.lab, "burst", "noBoot", { count: 1 });
      setPool(context, "burst", { count: 1 });
      let said = "";
      const run = context.stack.up(REFRESH, { onOutput: (text) => (said += text) });
      await waitUntil("the wait for the machine is told", () => /edge-burst-0: waiting for its machine: \d+ s left/.test(said), {
        timeoutMs: 120_000,
      });
      // Ctrl-C lets running steps end, and this one has minutes left.
      await context.lab.namespaces.runOrFail(["pkill", "--full", "tools/reach.mjs"]);
      await expectFailure(run);
      await emptyPools(context);
    });

    after(() => emptyPools(context));
  },
};
