import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { controlOf } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { placeKine, takeKine } from "../../../lab/postgres";
import type { StackSettings } from "../../../lab/stack-config";
import { listBackups, readNotes, runBackupCommand, writeNote } from "../backup-commands";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, viewNodes, waitReady } from "../nodes-view";
import { startsOf } from "../untouched";

const NODES = ["kiosk-1", "rack-1", "rack-2"] as const;
const COPIES = "/var/lib/rancher/k3s/sqlite-backups";
const RETENTION = 2;

/** Copies of the SQLite of one server, taken while it is written to, and the way back. */
export const backupSqlite: Scenario = {
  name: "backup-sqlite",
  define: (given) => {
    let context: LabContext;
    let settings: StackSettings;
    let first = "";
    const isStandIn = () => controlOf(context.lab).tools.standIns.includes("k3s");
    const server = () => context.lab.host("rack-1");
    const scheduled = async () => (await listBackups(context)).filter(({ name }) => /^sqlite-snapshot-rack-1-\d+$/.test(name));

    before(async () => {
      context = given();
      await context.ensureEmpty();
      settings = context.stack.settings();
      if (isStandIn()) await placeKine(context.lab, ["rack-1"]);
      context.stack.edit(({ "hybrid-k3s:cluster": cluster }) => {
        Object.assign(cluster, { datastore: "sqlite", backup: { schedule: "* * * * *", retention: RETENTION } });
      });
      await context.ensureCluster();
    });

    it("copies the database by name and on the schedule while it is written to, and has all that was acknowledged before", async (test) => {
      const header = await server().exec("head -c 15 /var/lib/rancher/k3s/server/db/state.db");
      assert.equal(header, "SQLite format 3");
      let count = 0;
      let ends = false;
      const writing = (async () => {
        while (!ends) await writeNote(context, `during-${String(count++).padStart(3, "0")}`);
      })();
      await waitUntil("some notes are written", () => Promise.resolve(count > 5), { timeoutMs: 60_000, intervalMs: 100 });
      const acknowledged = await readNotes(context);
      first = (await expectSuccess(runBackupCommand(context, "backup", "first"))).trim();
      await waitUntil("the timer has made a copy", async () => (await scheduled()).length > 0, { timeoutMs: 90_000, intervalMs: 2000 });
      ends = true;
      await writing;
      assert.match(first, /^first-rack-1-\d+$/);
      const [listed] = (await listBackups(context)).filter(({ name }) => name === first);
      assert.deepEqual([listed?.servers, listed?.inS3], [["rack-1"], false]);
      const names = "SELECT name FROM kine WHERE name LIKE '/registry/configmaps/default/written-%'";
      const copied = (await server().exec(`sqlite3 -readonly ${COPIES}/${first} "${names}"`))
        .split("\n")
        .map((name) => name.replace(/^.*written-/, ""));
      test.diagnostic(`${acknowledged.length} of ${count} notes acknowledged before the copy, ${copied.length} in it`);
      assert.deepEqual(
        acknowledged.filter((note) => !copied.includes(note)),
        [],
      );
      assert.match(await expectSuccess(context.stack.preview()), /The last backup \(.*-rack-1-\d+\) is 0 h old\./);
    });

    it("puts the server back to it, keeps what was there, and the agents come along", async (test) => {
      await writeNote(context, "after");
      const earlier = await viewNodes(context.kubectl);
      assert.match(await expectFailure(runBackupCommand(context, "restore", "first")), /nobody is there to ask/);
      const began = Date.now();
      const said = await expectSuccess(runBackupCommand(context, "restore", "first", "--yes"));
      test.diagnostic(`restore: ${Date.now() - began} ms`);
      const notes = await readNotes(context);
      assert.ok(notes.includes("during-000") && !notes.includes("after"), notes.join(" "));
      await waitReady(context.kubectl, NODES);
      assert.deepEqual(
        [...(await viewNodes(context.kubectl))].map(([name, { uid }]) => [name, uid]),
        [...earlier].map(([name, { uid }]) => [name, uid]),
      );
      const aside = /is on rack-1 in (\S+)\./.exec(said)?.[1] ?? assert.fail(said);
      await server().exec(`test -s ${aside}/db/state.db; test ! -e /var/lib/rancher/k3s/sqlite-restore`);
      await writeNote(context, "again");
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
    });

    it("brings it back by the same command where the host lost its power in the middle, and begins from nothing half made", async () => {
      const cutOff = runBackupCommand(context, "restore", "first", "--yes");
      const underway = async () => (await server().run(["test", "-e", "/etc/hybrid-k3s/reset-underway"])).code === 0;
      await waitUntil("the restore is under way", underway, { timeoutMs: 120_000, intervalMs: 50 });
      await server().powerOff();
      assert.match(await expectFailure(cutOff), /Run the same command again/);
      await server().boot();
      assert.notEqual((await server().run(["systemctl", "is-active", "k3s"])).code, 0);
      assert.ok((await listBackups(context)).some(({ name }) => name === first));
      const again = await runBackupCommand(context, "restore", "first", "--yes");
      assert.equal(again.code, 0, again.stderr);
      assert.match(again.stderr, /rack-1: an earlier run was cut off on this host/);
      await waitReady(context.kubectl, NODES);
      const notes = await readNotes(context);
      assert.ok(notes.includes("during-000") && !notes.includes("again"), notes.join(" "));
      await server().exec("systemctl is-enabled k3s; test ! -e /etc/hybrid-k3s/reset-underway");
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
    });

    it("goes on with copies after that, keeps no more than it was told, and takes the timer away without a restart of k3s", async () => {
      const known = new Set((await scheduled()).map(({ name }) => name));
      const isNew = async () => (await scheduled()).some(({ name }) => !known.has(name));
      await waitUntil("the timer has made another copy", isNew, { timeoutMs: 90_000, intervalMs: 2000 });
      assert.ok((await scheduled()).length <= RETENTION);
      const starts = await startsOf(server(), "k3s");
      context.stack.edit(({ "hybrid-k3s:cluster": cluster }) => Reflect.deleteProperty(cluster, "backup"));
      await expectSuccess(context.stack.up());
      assert.deepEqual(await startsOf(server(), "k3s"), starts);
      assert.equal((await server().run(["systemctl", "list-unit-files", "--no-legend", "hybrid-k3s-copy.*"])).stdout, "");
      assert.ok((await listBackups(context)).some(({ name }) => name === first));
    });

    after(async () => {
      const { lab, stack, before: look } = context;
      // Taken away with its timer running.
      context.stack.edit(({ "hybrid-k3s:cluster": cluster }) => {
        cluster.backup = { schedule: "* * * * *", retention: RETENTION };
      });
      await expectSuccess(stack.up());
      await context.ensureEmpty();
      stack.edit((edited) => Object.assign(edited, settings));
      if (isStandIn()) await takeKine(lab, ["rack-1"]);
      assert.deepEqual(await findLeftovers(lab, look), []);
    });
  },
};
