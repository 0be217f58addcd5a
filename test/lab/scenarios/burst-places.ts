import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { cloudInventory } from "../../../lab/checks/cloud-inventory";
import { checkConnectivity } from "../../../lab/checks/connectivity";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { bastion, cloudPool, type StackSettings } from "../../../lab/stack-config";
import { atCloud, burstNode, burstPools, expectNoBurstLeft, setPool, waitBurst } from "../clouds-view";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess } from "../nodes-view";
import { makeOperatorNetworks, OPERATOR_REGIONS, type OperatorNetworks } from "../operator-networks";

const REFRESH = ["--refresh", "--continue-on-error"];
/** A private network of the stack's, a VPC of the operator's, a VNet of the operator's. */
const [MADE, IN_VPC, IN_VNET] = [burstNode("burst", 0), "edge-burst-own-0", burstNode("burst-az", 0)];

/** Where cloud machines may stand beside a public subnet of the stack's: private networks and existing ones. */
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
