import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type LabS3, startS3 } from "../../../lab/s3";
import { listBackups, readNotes, runBackupCommand, runPrintedLine, useS3, writeNote } from "../backup-commands";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, waitReady } from "../nodes-view";

const NODES = ["kiosk-1", "rack-1", "rack-2"] as const;

/** Snapshots of one server's etcd in an S3, and the way back on a host that is not the one of before. */
export const backupS3: Scenario = {
  name: "backup-s3",
  define: (given) => {
    let context: LabContext;
    let s3: LabS3;
    const serverStart = () => context.lab.host("rack-1").exec("systemctl show -P ExecMainStartTimestampMonotonic k3s");

    before(async () => {
      context = given();
      await context.ensureEmpty();
      s3 = await startS3(context.lab);
      await useS3(context, s3);
      context.stack.edit((settings) => {
        settings["hybrid-k3s:cluster"].datastore = "etcd";
      });
      await context.ensureCluster();
    });

    it("keeps a snapshot on the server's disk and in S3, and lists both", async () => {
      await writeNote(context, "before");
      const first = (await expectSuccess(runBackupCommand(context, "backup", "first"))).trim();
      const [listed] = (await listBackups(context)).filter(({ name }) => name === first);
      assert.deepEqual([listed?.servers, listed?.inS3], [["rack-1"], true]);
      assert.ok(s3.list("edge").includes(first), JSON.stringify(s3.list("edge")));
    });

    it("takes new credentials of S3 without a restart of k3s, and says what a refusing S3 said", async () => {
      const { stack } = context;
      const started = await serverStart();
      await stack.setSecret("hybrid-k3s:s3SecretKey", "0".repeat(40));
      await expectSuccess(stack.up());
      const said = await expectFailure(runBackupCommand(context, "backup", "refused"));
      assert.match(said, /refused-rack-1-\d+ is on the disk of rack-1, and NOT in S3: .*(Access|Forbidden|Signature)/);
      await stack.setSecret("hybrid-k3s:s3SecretKey", s3.secretKey);
      await expectSuccess(stack.up());
      await expectSuccess(runBackupCommand(context, "backup", "taken"));
      assert.equal(await serverStart(), started, "k3s was restarted");
    });

    it("keeps the credentials of S3 out of k3s's settings", async () => {
      const found = await context.lab
        .host("rack-1")
        .exec(`grep -rlE '${s3.secretKey}|${s3.accessKey}' /etc/rancher /etc/hybrid-k3s /etc/systemd /run/hybrid-k3s 2>/dev/null || true`);
      assert.equal(found.trim(), "");
    });

    it("brings the cluster back on a new installation with another address, from S3, with its agents", async () => {
      const { lab, stack } = context;
      stack.edit((settings) => {
        settings["hybrid-k3s:cluster"].allowServerReplacement = true;
      });
      await expectSuccess(stack.up());
      await context.snapshotAgain(await lab.reinstall("rack-1"));
      stack.addHost("rack-1", { generation: 1 });
      await expectSuccess(stack.up());
      await stack.saveKubeconfig();
      assert.deepEqual(await readNotes(context), [], "the new cluster is empty");
      await runPrintedLine(context, await expectSuccess(runBackupCommand(context, "restore", "first", "--from", "s3", "--yes")));
      assert.deepEqual(await readNotes(context), ["before"]);
      await waitReady(context.kubectl, NODES);
      await expectSuccess(runBackupCommand(context, "backup", "again"));
      await expectSuccess(stack.up(["--expect-no-changes"]));
      // Its settings are those that it starts from: the restore has left none of its own.
      await lab.host("rack-1").exec("systemctl restart k3s");
      await waitReady(context.kubectl, NODES);
    });

    after(async () => {
      await context.ensureEmpty();
      const { stack } = context;
      stack.edit((settings) => {
        const cluster = settings["hybrid-k3s:cluster"];
        for (const key of ["allowServerReplacement", "backup"]) Reflect.deleteProperty(cluster, key);
        for (const key of ["s3AccessKey", "s3SecretKey"]) Reflect.deleteProperty(settings, `hybrid-k3s:${key}`);
        cluster.datastore = "sqlite";
      });
      stack.addHost("rack-1");
      await s3.service.stop();
    });
  },
};
