import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import type { HostName } from "../../../lab/hosts/topology";
import type { StackSettings } from "../../../lab/stack-config";
import type { LabContext, Scenario } from "../lab-context";
import { rebootHosts } from "../node-restarts";
import { expectSuccess, viewNodes } from "../nodes-view";
import { members, sayMadeAnew, waitWhole, withServers } from "../servers-view";
import { startsOf } from "../untouched";

const SERVERS = ["rack-1", "rack-2", "rack-3"] as const;
const AGENTS = ["kiosk-1", "kiosk-2"] as const;
const NODES = [...SERVERS, ...AGENTS];
const VOTERS = { "rack-1": "voter", "rack-2": "voter", "rack-3": "voter" };

/** Servers whose machines are made anew, one after the other, and all of them rebooted at once: agents go on as they are. */
export const serversReplaced: Scenario = {
  name: "servers-replaced",
  define: (given) => {
    let context: LabContext;
    let settings: StackSettings;

    const agentStarts = () => Promise.all(AGENTS.map((name) => startsOf(context.lab.host(name), "k3s")));
    const uidOf = async (name: string) => (await viewNodes(context.kubectl)).get(name)?.uid ?? assert.fail(`no Node ${name}`);

    /** One `up` after which the server on this newly installed host votes under another Node, and no agent's k3s was started again. */
    async function makeAnew(lost: HostName): Promise<void> {
      const [starts, uid] = [await agentStarts(), await uidOf(lost)];
      await context.lab.reinstall(lost);
      await context.snapshotAgain(context.lab.host(lost));
      sayMadeAnew(context, lost);
      const said = await expectSuccess(context.stack.up(["--refresh"]));
      await context.stack.saveKubeconfig();
      await waitWhole(context, NODES);
      assert.deepEqual(await members(context.kubectl), VOTERS, said);
      assert.notEqual(await uidOf(lost), uid, said);
      assert.deepEqual(await agentStarts(), starts, "an agent's k3s was started again");
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
    }

    before(async () => {
      context = given();
      await context.ensureEmpty();
      for (const name of ["rack-3", "kiosk-2"] as const) if (!context.lab.host(name).isOn) await context.lab.boot(name);
      settings = context.stack.settings();
      context.stack.edit(withServers(context, ...SERVERS));
      context.stack.addHost("kiosk-2");
    });

    it("makes three servers and two agents from one up on an empty stack", async () => {
      await context.ensureCluster();
      await waitWhole(context, NODES);
      assert.deepEqual(await members(context.kubectl), VOTERS);
    });

    it("takes in the first server again, its machine installed anew: it joins the others' cluster", async () => {
      await makeAnew("rack-1");
    });

    it("replaces a server whose machine vanished", async () => {
      await context.lab.host("rack-2").powerOff();
      await makeAnew("rack-2");
    });

    it("has all servers back after they were rebooted at once, the control server away meanwhile", async () => {
      const starts = await agentStarts();
      const control = context.lab.service("headscale");
      await control.stop();
      try {
        await rebootHosts(context.lab, SERVERS);
      } finally {
        await control.start();
      }
      await waitWhole(context, NODES);
      assert.deepEqual(await members(context.kubectl), VOTERS);
      assert.deepEqual(await agentStarts(), starts, "an agent's k3s was started again");
    });

    after(async () => {
      await context.ensureEmpty();
      context.stack.edit((edited) => Object.assign(edited, settings));
      assert.deepEqual(await findLeftovers(context.lab, context.before), []);
    });
  },
};
