import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { cloudInventory } from "../../../lab/checks/cloud-inventory";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { succeed } from "../../../lab/checks/probe-pods";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { inState } from "../../../lab/paths";
import { cloudPool, metalPool, type StackSettings } from "../../../lab/stack-config";
import { publicKeyOf } from "../../../src/config/values/ssh-public-key";
import { newSshKey } from "../../helpers/ssh-key.cjs";
import { atCloud, burstPools, machineOf, setPool } from "../clouds-view";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, viewNodes } from "../nodes-view";

const METAL = ["kiosk-1", "rack-1", "rack-2"];
const SERVER = "edge-burst-server-0";
const REGION = "eu-central-1";

/** Of the namespace kube-system: stays while the cluster does. */
const clusterId = async ({ kubectl }: LabContext): Promise<string> =>
  (await succeed(kubectl, ["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"])).stdout;

/** A cluster whose only server is a machine in a cloud, which is kept. */
export const burstServer: Scenario = {
  name: "burst-server",
  define: (given) => {
    let context: LabContext;
    let settings: StackSettings;

    before(async () => {
      context = given();
      context.addBurstPools();
      for (const pool of burstPools) setPool(context, pool, { count: 0, remove: [] });
      settings = context.stack.settings();
      await context.ensureEmpty();
    });

    it("comes from one up on an empty stack", async () => {
      context.stack.edit((now) => {
        metalPool(now, "rack").role = "agent";
        now["hybrid-k3s:pools"]["burst-server"] = { ...cloudPool(now, "burst"), role: "server", count: 1 };
      });
      await context.ensureCluster();
      const nodes = await viewNodes(context.kubectl);
      assert.deepEqual(
        [...nodes].map(([name, { ready }]) => `${name} ${String(ready)}`).sort(),
        [SERVER, ...METAL].map((name) => `${name} true`),
      );
    });

    it("takes another SSH key in place, placed by the one before, which the next run takes out", async () => {
      const { lab, stack } = context;
      const [theirs, another] = [readFileSync(inState("ssh", "operator"), "utf8"), newSshKey()];
      const first = publicKeyOf(theirs) ?? assert.fail("the operator has no key");
      const { instanceId } = (await atCloud(lab, "burst", "machineOf", { node: SERVER })) as { instanceId: string };
      const keys = async () => {
        const text = await (await machineOf(lab, SERVER)).readFile("/home/ops/.ssh/authorized_keys");
        return text
          .split("\n")
          .filter((line) => line.includes(" "))
          .map((line) => line.split(" ").slice(0, 2).join(" "));
      };
      assert.deepEqual(await keys(), [first]);
      await stack.setSecret("hybrid-k3s:sshPrivateKey", another.privateKey);
      assert.match(await expectSuccess(stack.up()), new RegExp(`Login ${SERVER}-login updated`));
      assert.deepEqual(await keys(), [first, another.publicKey]);
      // By the new key alone: the metal hosts have the first one, and are left alone all the while.
      await stack.setSecret("hybrid-k3s:sshPrivateKey", theirs);
      await expectSuccess(stack.up());
      await expectSuccess(stack.up());
      assert.deepEqual(await keys(), [first]);
      await expectSuccess(stack.up(["--expect-no-changes"]));
      assert.equal(((await atCloud(lab, "burst", "machineOf", { node: SERVER })) as { instanceId: string }).instanceId, instanceId);
    });

    it("is kept where it powered itself off, and is the same cluster once it is started under another address", async () => {
      const { lab } = context;
      type Seen = { readonly instanceId: string; readonly publicIp?: string; readonly state: string };
      const look = async () => (await atCloud(lab, "burst", "machineOf", { node: SERVER })) as Seen;
      const [before, cluster] = [await look(), await clusterId(context)];
      await (await machineOf(lab, SERVER)).run(["systemctl", "poweroff", "--no-block"]);
      const named = { region: REGION, InstanceIds: [before.instanceId] };
      const isStopped = async () => {
        await lab.clouds.call("aws", "DescribeInstances", named);
        return (await look()).state === "stopped";
      };
      await waitUntil("EC2 shows it stopped", isStopped, { timeoutMs: 60_000, intervalMs: 200 });
      const said = await expectSuccess(context.stack.up(["--refresh"]));
      const start = `start it \\(aws ec2 start-instances --region ${REGION} --instance-ids ${before.instanceId}\\)`;
      assert.match(said, new RegExp(`${SERVER}: its machine ${before.instanceId} is stopped, and the node is down; ${start}`));
      await lab.clouds.call("aws", "StartInstances", named);
      await waitUntil("EC2 shows it running", async () => (await look()).state === "running", { timeoutMs: 60_000, intervalMs: 200 });
      await expectSuccess(context.stack.up(["--refresh"]));
      const answers = () => clusterId(context).catch(() => undefined);
      assert.equal(await waitUntil("its API answers", answers, { timeoutMs: 60_000, intervalMs: 500 }), cluster);
      const after = await look();
      assert.deepEqual([after.instanceId, after.publicIp === before.publicIp], [before.instanceId, false]);
    });

    it("stays where its pool is emptied without cluster.allowServerReplacement", async () => {
      const before = await cloudInventory(context.lab);
      context.stack.edit((now) => (cloudPool(now, "burst-server").count = 0));
      assert.match(await expectFailure(context.stack.up()), /no pool has a server/);
      context.stack.edit((now) => (metalPool(now, "rack").role = "server"));
      assert.match(await expectFailure(context.stack.up()), new RegExp(`would replace or remove ${SERVER}, the only server`));
      assert.deepEqual(await cloudInventory(context.lab), before);
      assert.deepEqual([...(await viewNodes(context.kubectl)).keys()].sort(), [SERVER, ...METAL].sort());
    });

    it("is destroyed and leaves nothing", async () => {
      await context.ensureEmpty();
      assert.deepEqual(await cloudInventory(context.lab), []);
      assert.deepEqual(await findLeftovers(context.lab, context.before), []);
    });

    after(async () => {
      await context.ensureEmpty();
      context.stack.edit((now) => {
        Object.assign(now, settings);
      });
    });
  },
};
