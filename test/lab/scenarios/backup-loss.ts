import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type LabS3, startS3 } from "../../../lab/s3";
import { poolHost, type StackSettings } from "../../../lab/stack-config";
import { readNotes, runBackupCommand, runPrintedLine, useS3, writeNote } from "../backup-commands";
import type { LabContext, Scenario } from "../lab-context";
import { expectSuccess } from "../nodes-view";
import { waitWhole, withServers } from "../servers-view";

const SERVERS = ["rack-1", "rack-2", "rack-3"] as const;
const NODES = ["kiosk-1", ...SERVERS];
const SNAPSHOTS = "/var/lib/rancher/k3s/server/db/snapshots";

/** Three servers whose hosts are installed again, all at once: what was in the cluster comes back from S3, and from a file that somebody kept. */
export const backupLoss: Scenario = {
  name: "backup-loss",
  define: (given) => {
    let context: LabContext;
    let settings: StackSettings;
    let s3: LabS3;
    let name = "";
    let kept = "";

    before(async () => {
      context = given();
      await context.ensureEmpty();
      const { lab, stack } = context;
      if (!lab.host("rack-3").isOn) await lab.host("rack-3").boot();
      settings = stack.settings();
      s3 = await startS3(lab);
      await useS3(context, s3);
      stack.edit(withServers(context, ...SERVERS));
      await context.ensureCluster();
    });

    it("begins a new cluster on the new hosts of all servers, with the agent of before", async () => {
      const { lab, stack } = context;
      await writeNote(context, "before");
      name = (await expectSuccess(runBackupCommand(context, "backup", "first"))).trim();
      const holder = /-(rack-\d)-\d+$/.exec(name)?.[1] ?? assert.fail(name);
      kept = await lab.host(holder as "rack-1").exec(`base64 -w 0 ${SNAPSHOTS}/${name}`);
      stack.edit((edited) => {
        edited["hybrid-k3s:cluster"].allowServerReplacement = true;
      });
      await expectSuccess(stack.up());
      for (const server of SERVERS) {
        const host = await lab.reinstall(server);
        if (server !== "rack-3") await context.snapshotAgain(host);
      }
      stack.edit((edited) => {
        const { rack } = edited["hybrid-k3s:pools"];
        assert.ok(rack?.provider === "bare-metal");
        rack.hosts = SERVERS.map((server) => ({ ...poolHost(lab, server), generation: 1 }));
      });
      await expectSuccess(stack.up(["--refresh"]));
      await stack.saveKubeconfig();
      await waitWhole(context, NODES);
      assert.deepEqual(await readNotes(context), [], "the new cluster is empty");
      await expectSuccess(stack.up(["--expect-no-changes"]));
    });

    it("brings back what was in it from S3, on all three", async () => {
      const began = Date.now();
      const said = await expectSuccess(runBackupCommand(context, "restore", "first", "--yes"));
      console.log(`restore from S3 on three new servers: ${Date.now() - began} ms`);
      await runPrintedLine(context, said);
      await waitWhole(context, NODES);
      assert.deepEqual(await readNotes(context), ["before"]);
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
    });

    it("brings it back from a file that is copied to another server, by its short name", async () => {
      await writeNote(context, "after");
      const target = context.lab.host("rack-3");
      await target.exec(`umask 077; base64 -d >${SNAPSHOTS}/copied-${name.slice("first-".length)}`, { input: kept });
      await expectSuccess(runBackupCommand(context, "restore", "copied", "--from", "local", "--yes"));
      await waitWhole(context, NODES);
      assert.deepEqual(await readNotes(context), ["before"]);
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
    });

    after(async () => {
      const { stack } = context;
      await context.ensureEmpty();
      stack.edit((edited) => {
        for (const key of ["s3AccessKey", "s3SecretKey"]) Reflect.deleteProperty(edited, `hybrid-k3s:${key}`);
        Object.assign(edited, settings);
      });
      // They have other SSH host keys since.
      for (const server of ["rack-1", "rack-2"] as const) stack.addHost(server);
      await s3.service.stop();
    });
  },
};
