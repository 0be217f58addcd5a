import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { StackSettings } from "../../../lab/stack-config";
import { listBackups, readNotes, runBackupCommand, writeNote } from "../backup-commands";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, viewNodes, waitReady } from "../nodes-view";

const NODES = ["kiosk-1", "rack-1", "rack-2"] as const;

/** Snapshots of one server's etcd on its disk, and the way back. */
export const backup: Scenario = {
  name: "backup",
  define: (given) => {
    let context: LabContext;
    let settings: StackSettings;

    before(async () => {
      context = given();
      await context.ensureEmpty();
      settings = context.stack.settings();
      context.stack.edit((edited) => {
        edited["hybrid-k3s:cluster"].datastore = "etcd";
      });
      await context.ensureCluster();
    });

    it("keeps a snapshot on the server's disk, and lists it", async () => {
      await writeNote(context, "before");
      const name = (await expectSuccess(runBackupCommand(context, "backup", "first"))).trim();
      assert.match(name, /^first-rack-1-\d+$/);
      const [listed] = (await listBackups(context)).filter((one) => one.name === name);
      assert.deepEqual([listed?.servers, listed?.inS3], [["rack-1"], false]);
    });

    it("puts the same server back to it, keeps what was there, and changes nothing of the nodes", async () => {
      await writeNote(context, "after");
      const earlier = await viewNodes(context.kubectl);
      assert.match(await expectFailure(runBackupCommand(context, "restore", "nothing", "--yes")), /There is no backup nothing/);
      assert.match(await expectFailure(runBackupCommand(context, "restore", "first")), /nobody is there to ask/);
      assert.deepEqual(await readNotes(context), ["after", "before"]);
      const said = await expectSuccess(runBackupCommand(context, "restore", "first", "--yes"));
      assert.deepEqual(await readNotes(context), ["before"]);
      await waitReady(context.kubectl, NODES);
      assert.deepEqual(
        [...(await viewNodes(context.kubectl))].map(([name, { uid }]) => [name, uid]),
        [...earlier].map(([name, { uid }]) => [name, uid]),
      );
      const aside = /is on rack-1 in (\S+)\./.exec(said)?.[1] ?? assert.fail(said);
      assert.match(await context.lab.host("rack-1").exec(`ls ${aside}/db`), /etcd/);
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
    });

    after(async () => {
      await context.ensureEmpty();
      context.stack.edit((edited) => Object.assign(edited, settings));
    });
  },
};
