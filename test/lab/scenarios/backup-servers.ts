import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { waitUntil } from "../../../lab/hosts/wait-until";
import type { StackSettings } from "../../../lab/stack-config";
import { listBackups, readNotes, runBackupCommand, writeNote } from "../backup-commands";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, viewNodes } from "../nodes-view";
import { kubectlThrough, members, waitWhole, withServers } from "../servers-view";

const SERVERS = ["rack-1", "rack-2", "rack-3"] as const;
const NODES = ["kiosk-1", ...SERVERS];
const VOTERS = { "rack-1": "voter", "rack-2": "voter", "rack-3": "voter" };

/** Three servers with etcd: all put back to a snapshot, and one that goes on alone where the others are lost. */
export const backupServers: Scenario = {
  name: "backup-servers",
  define: (given) => {
    let context: LabContext;
    let settings: StackSettings;
    const agentStart = () => context.lab.host("kiosk-1").exec("systemctl show -P InvocationID k3s-agent");

    before(async () => {
      context = given();
      await context.ensureEmpty();
      const { lab, stack } = context;
      if (!lab.host("rack-3").isOn) await lab.host("rack-3").boot();
      settings = stack.settings();
      stack.edit(withServers(context, ...SERVERS));
      await context.ensureCluster();
    });

    it("puts three living servers back to a snapshot; they vote again, and the agent comes along", async () => {
      await writeNote(context, "before");
      const name = (await expectSuccess(runBackupCommand(context, "backup", "first"))).trim();
      await writeNote(context, "after");
      const earlier = await viewNodes(context.kubectl);
      const began = Date.now();
      const said = await expectSuccess(runBackupCommand(context, "restore", "first", "--yes"));
      console.log(`restore on three servers: ${Date.now() - began} ms`);
      assert.match(said, /Cluster edge is what it was at .*what was written in the .* since then is lost\./);
      await waitWhole(context, NODES);
      assert.deepEqual(await readNotes(context), ["before"]);
      assert.deepEqual(await members(context.kubectl), VOTERS);
      assert.deepEqual(
        [...(await viewNodes(context.kubectl))].map(([node, { uid }]) => [node, uid]),
        [...earlier].map(([node, { uid }]) => [node, uid]),
      );
      // Each has the snapshot's place by itself: what was there before is kept aside.
      for (const server of SERVERS) {
        assert.match(await context.lab.host(server).exec("ls -d /var/lib/rancher/k3s/server-before-*"), /server-before/);
        await context.lab.host(server).exec("test ! -e /etc/rancher/k3s/config.yaml.d/99-hybrid-k3s-restore.yaml");
      }
      assert.ok((await listBackups(context)).some((one) => one.name === name));
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
    });

    it("brings them back by the same command where the host lost its power in the middle, and lets k3s begin from nothing half made", async () => {
      const { lab } = context;
      await writeNote(context, "between");
      const cutOff = runBackupCommand(context, "restore", "first", "--yes");
      const underway = async () => (await lab.host("rack-1").run(["test", "-e", "/etc/hybrid-k3s/reset-underway"])).code === 0;
      await waitUntil("the restore is under way", underway, { timeoutMs: 180_000, intervalMs: 50 });
      await lab.host("rack-1").powerOff();
      assert.match(await expectFailure(cutOff), /rack-2, rack-3: k3s stays stopped[^]*Run the same command again/);
      await lab.host("rack-1").boot();
      for (const server of SERVERS) assert.notEqual((await lab.host(server).run(["systemctl", "is-active", "k3s"])).code, 0, server);
      const again = await runBackupCommand(context, "restore", "first", "--yes");
      assert.equal(again.code, 0, again.stderr);
      assert.match(again.stderr, /rack-1: an earlier run was cut off on this host/);
      await waitWhole(context, NODES);
      assert.deepEqual(await readNotes(context), ["before"]);
      assert.deepEqual(await members(context.kubectl), VOTERS);
      for (const server of SERVERS)
        await lab
          .host(server)
          .exec("systemctl is-enabled k3s; test ! -e /etc/hybrid-k3s/reset-underway; test ! -e /etc/hybrid-k3s/stopped-for");
    });

    it("refuses to recover while the API answers anywhere", async () => {
      assert.match(await expectFailure(runBackupCommand(context, "recover", "--yes")), /Nothing was changed: the API answers on rack-/);
    });

    it("has the server that is left go on alone, loses nothing that it had, and takes in one whose data are gone", async () => {
      const { lab } = context;
      await writeNote(context, "last");
      const agent = await agentStart();
      // The kubeconfig names the first server, which is gone from here on.
      const through = await kubectlThrough(context, "rack-3");
      // A boot of the lab waits for every unit, and k3s with these data will never be up.
      await lab.host("rack-1").exec("systemctl disable -q k3s");
      await lab.host("rack-1").powerOff();
      await lab.host("rack-2").exec("systemctl stop k3s; rm -rf /var/lib/rancher/k3s/server/db/etcd");
      assert.match(await expectFailure(runBackupCommand(context, "recover")), /rack-3 goes on alone[^]*nobody is there to ask/);
      const said = await expectSuccess(runBackupCommand(context, "recover", "--yes"));
      assert.match(said, /has its quorum again\.\nrack-1 did not answer: what rack-1 holds can never join again/);
      await waitUntil(
        "two vote",
        async () => {
          const now = await members(through);
          return now["rack-2"] === "voter" && now["rack-3"] === "voter";
        },
        { timeoutMs: 120_000, intervalMs: 1000 },
      );
      assert.deepEqual(await readNotes({ kubectl: through }), ["before", "last"]);
      assert.equal(await agentStart(), agent, "the agent was restarted");
    });

    it("makes the lost one a member again by its generation, as it was told", async () => {
      const { lab, stack } = context;
      await lab.host("rack-1").boot();
      await lab.host("rack-1").exec("systemctl start --no-block k3s");
      stack.addHost("rack-1", { generation: 1 });
      await expectSuccess(stack.up(["--refresh"]));
      await stack.saveKubeconfig();
      await waitWhole(context, NODES);
      assert.deepEqual(await members(context.kubectl), VOTERS);
      assert.deepEqual(await readNotes(context), ["before", "last"]);
    });

    after(async () => {
      const { lab, stack, before: look } = context;
      await context.ensureEmpty();
      stack.edit((edited) => Object.assign(edited, settings));
      assert.deepEqual(await findLeftovers(lab, look), []);
    });
  },
};
