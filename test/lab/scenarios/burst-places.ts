import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { cloudInventory } from "../../../lab/checks/cloud-inventory";
import { checkConnectivity } from "../../../lab/checks/connectivity";
import { succeed } from "../../../lab/checks/probe-pods";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { bastion, cloudPool, metalPool, type StackSettings } from "../../../lab/stack-config";
import { atCloud, burstNode, burstPools, expectNoBurstLeft, machineOf, setPool, waitBurst } from "../clouds-view";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, viewNodes } from "../nodes-view";
import { makeOperatorNetworks, OPERATOR_REGIONS, type OperatorNetworks } from "../operator-networks";

const REFRESH = ["--refresh", "--continue-on-error"];
const METAL = ["kiosk-1", "rack-1", "rack-2"];
/** A private network of the stack's, a VPC of the operator's, a VNet of the operator's. */
const [MADE, IN_VPC, IN_VNET] = [burstNode("burst", 0), "edge-burst-own-0", burstNode("burst-az", 0)];
const SERVER = "edge-burst-server-0";

/** Of the namespace kube-system: stays while the cluster does. */
const clusterId = async ({ kubectl }: LabContext): Promise<string> =>
  (await succeed(kubectl, ["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"])).stdout;

/** Where cloud machines may stand beside a public subnet of the stack's: private networks, existing ones, and the server's place. */
export const burstPlaces: Scenario = {
  name: "burst-places",
  define: (given) => {
    let context: LabContext;
    let networks: OperatorNetworks;
    let settings: StackSettings;
    let theirs: readonly string[];
    let theirLook: unknown;

    before(async () => {
      context = given();
      context.addBurstPools();
      for (const pool of burstPools) setPool(context, pool, { count: 0, remove: [] });
      settings = context.stack.settings();
      await context.ensureCluster();
      networks = await makeOperatorNetworks(context.lab);
      const { vpcId, subnetIds, subnetId } = networks;
      const hidden = { count: 1, publicIp: false, bastion: bastion(context.lab) };
      setPool(context, "burst", hidden);
      setPool(context, "burst-az", hidden);
      context.stack.edit((now) => {
        const own = { ...cloudPool(now, "burst"), region: OPERATOR_REGIONS.aws, tagInterface: true };
        now["hybrid-k3s:pools"]["burst-own"] = own;
        now["hybrid-k3s:networks"] = {
          aws: { "eu-central-1": { natGateway: true }, [OPERATOR_REGIONS.aws]: { vpcId, subnetIds } },
          azure: { [OPERATOR_REGIONS.azure]: { subnetId } },
        };
      });
    });

    it("refuses at preview every existing subnet without a way out, tells of one that may have none, and makes nothing", async () => {
      const before = await cloudInventory(context.lab);
      const said = await expectFailure(context.stack.preview());
      const [shut, open] = networks.subnetIds;
      assert.match(
        said,
        new RegExp(`networks\\.aws\\.eu-west-1: subnet ${shut} has no route to 0\\.0\\.0\\.0/0; add one through a NAT gateway`),
      );
      assert.match(said, new RegExp(`networks\\.aws\\.eu-west-1: subnet ${open} sends 0\\.0\\.0\\.0/0 to the internet gateway igw-`));
      const ofAzure = `networks.azure.westeurope: subnet ${networks.subnetId} has neither a NAT gateway nor a route table`;
      assert.match(said, new RegExp(`warning: ${ofAzure}, and Azure lends no address there`));
      assert.deepEqual(await cloudInventory(context.lab), before);
    });

    it("tells of a machine that is terminated before it was reached, and joins the others", async () => {
      await networks.open();
      [theirs, theirLook] = [await cloudInventory(context.lab), await networks.look()];
      let said = "";
      const run = context.stack.up(REFRESH, { onOutput: (text) => (said += text) });
      await waitUntil("the machine is made", () => new RegExp(`Instance ${MADE}-\\S+-vm created`).test(said), { timeoutMs: 90_000 });
      await atCloud(context.lab, "burst", "terminate", { node: MADE });
      // The wait for it has minutes left, which the operator does not wait for; the others' are over by then.
      await waitUntil(
        "the wait for it is told, and the only one left",
        async () => {
          const { stdout } = await context.lab.namespaces.run(["pgrep", "--full", "--count", "^node operator-tools/wait-for-ssh.mjs"]);
          return stdout.trim() === "1" && new RegExp(`${MADE}: waiting for its machine: \\d+ s left`).test(said);
        },
        { timeoutMs: 90_000, intervalMs: 200 },
      );
      await context.lab.namespaces.runOrFail(["pkill", "--full", "^node operator-tools/wait-for-ssh.mjs"]);
      assert.match(
        await expectFailure(run),
        new RegExp(`${MADE}-wait-for-ssh\\):\\s+error: [^]*${MADE}: waiting for its machine: \\d+ s left \\(.+\\)`),
      );
      await waitBurst(context, [IN_VPC, IN_VNET]);
    });

    it("completes with the next up: private machines behind NAT gateways, in networks of the stack's and of the operator's", async () => {
      await expectSuccess(context.stack.up(REFRESH));
      await waitBurst(context, [MADE, IN_VPC, IN_VNET]);
      const { publicIp } = (await atCloud(context.lab, "burst", "machineOf", { node: MADE })) as { publicIp?: string };
      assert.equal(publicIp, undefined, "the private machine has a public address");
      const ofNode = { Name: "tag:hybrid-k3s-node", Values: [IN_VPC] };
      const interfaces = await context.lab.clouds.call("aws", "DescribeNetworkInterfaces", {
        ...{ region: OPERATOR_REGIONS.aws, Filters: [ofNode] },
      });
      const tags = (interfaces as { NetworkInterfaces: readonly { TagSet: readonly { Key: string; Value: string }[] }[] })
        .NetworkInterfaces;
      assert.deepEqual(
        tags.map(({ TagSet }) => Object.fromEntries(TagSet.map(({ Key, Value }) => [Key, Value]))),
        [{ Name: IN_VPC, "hybrid-k3s-cluster": "edge", "hybrid-k3s-pool": "burst-own", "hybrid-k3s-node": IN_VPC }],
      );
      const pods = await context.ensureProbePods();
      const findings = await checkConnectivity(context.kubectl, pods, "reach");
      assert.equal(findings.length, 6 * 5 * 2);
      assert.deepEqual(
        findings.filter(({ fault }) => fault !== undefined),
        [],
      );
      await expectSuccess(context.stack.preview(["--refresh", "--expect-no-changes"]));
    });

    it("leaves an existing network as it is, while it stands in it and when it goes to 0", async () => {
      assert.deepEqual(await networks.look(), theirLook);
      context.stack.edit((now) => {
        for (const pool of [...burstPools, "burst-own"]) cloudPool(now, pool).count = 0;
      });
      await expectSuccess(context.stack.up(REFRESH));
      await expectNoBurstLeft(context, theirs);
      assert.deepEqual(await networks.look(), theirLook);
    });

    it("makes a cluster whose only server is a cloud machine, from one up on an empty stack", async () => {
      await context.ensureEmpty();
      context.stack.edit((now) => {
        Object.assign(now, structuredClone(settings));
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

    it("keeps a server that powered itself off, and has the same cluster back once it is started under another address", async () => {
      const { lab } = context;
      type Seen = { readonly instanceId: string; readonly publicIp?: string; readonly state: string };
      const look = async () => (await atCloud(lab, "burst", "machineOf", { node: SERVER })) as Seen;
      const [before, cluster] = [await look(), await clusterId(context)];
      await (await machineOf(lab, SERVER)).run(["systemctl", "poweroff", "--no-block"]);
      const named = { region: "eu-central-1", InstanceIds: [before.instanceId] };
      const isStopped = async () => {
        await lab.clouds.call("aws", "DescribeInstances", named);
        return (await look()).state === "stopped";
      };
      await waitUntil("EC2 shows it stopped", isStopped, { timeoutMs: 60_000, intervalMs: 200 });
      const said = await expectSuccess(context.stack.up(["--refresh"]));
      const start = `start it \\(aws ec2 start-instances --region eu-central-1 --instance-ids ${before.instanceId}\\)`;
      assert.match(said, new RegExp(`${SERVER}: its machine ${before.instanceId} is stopped, and the node is down; ${start}`));
      await lab.clouds.call("aws", "StartInstances", named);
      await expectSuccess(context.stack.up(["--refresh"]));
      await waitUntil("its API answers", () => clusterId(context).catch(() => undefined), { timeoutMs: 60_000, intervalMs: 500 });
      assert.equal(await clusterId(context), cluster);
      const after = await look();
      assert.deepEqual([after.instanceId, after.publicIp === before.publicIp], [before.instanceId, false]);
    });

    it("does not let the server's pool be emptied without cluster.allowServerReplacement", async () => {
      const before = await cloudInventory(context.lab);
      context.stack.edit((now) => (cloudPool(now, "burst-server").count = 0));
      assert.match(await expectFailure(context.stack.up()), /no pool has a server/);
      context.stack.edit((now) => (metalPool(now, "rack").role = "server"));
      assert.match(await expectFailure(context.stack.up()), new RegExp(`would replace or remove ${SERVER}, the only server`));
      assert.deepEqual(await cloudInventory(context.lab), before);
      assert.deepEqual([...(await viewNodes(context.kubectl)).keys()].sort(), [SERVER, ...METAL].sort());
    });

    it("destroys it and leaves nothing", async () => {
      await context.ensureEmpty();
      assert.deepEqual(await cloudInventory(context.lab), theirs);
      assert.deepEqual(await findLeftovers(context.lab, context.before), []);
    });

    after(async () => {
      await context.ensureEmpty();
      await networks.remove();
      context.stack.edit((now) => {
        Object.assign(now, settings);
      });
      assert.deepEqual(await cloudInventory(context.lab), []);
    });
  },
};
