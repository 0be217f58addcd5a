import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { succeed } from "../../../lab/checks/probe-pods";
import type { RunResult } from "../../../lab/contract";
import { type LabS3, startS3 } from "../../../lab/s3";
import { checkoutRoot } from "../../../lab/paths";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, viewNodes, waitReady } from "../nodes-view";

const NODES = ["kiosk-1", "rack-1", "rack-2"] as const;
const COMMAND_MS = 600_000;

interface Listed {
  readonly name: string;
  readonly servers: readonly string[];
  readonly inS3: boolean;
}

/** Snapshots of one server's etcd, on its disk and in an S3, and the way back from either. */
export const backup: Scenario = {
  name: "backup",
  define: (given) => {
    let context: LabContext;
    let s3: LabS3;
    let first = "";
    const command = (...words: string[]): Promise<RunResult> =>
      context.lab.operator.run([process.execPath, "src/cli/main.mjs", ...words, "--stack", context.stack.name], {
        cwd: checkoutRoot,
        timeoutMs: COMMAND_MS,
      });
    const list = async () => JSON.parse(await expectSuccess(command("list-backups", "--json"))) as readonly Listed[];
    const note = (name: string) => succeed(context.kubectl, ["create", "configmap", name, "--from-literal=written=yes"]);
    const notes = async () => {
      const { stdout } = await succeed(context.kubectl, ["get", "configmaps", "-o", "name"]);
      return stdout.split("\n").filter((name) => /written-/.test(name));
    };
    const serverStart = () => context.lab.host("rack-1").exec("systemctl show -P ExecMainStartTimestampMonotonic k3s");

    before(async () => {
      context = given();
      const { stack } = context;
      await context.ensureEmpty();
      s3 = await startS3(context.lab);
      stack.edit((settings) => {
        const { endpoint, bucket, caFile } = s3;
        settings["hybrid-k3s:cluster"].backup = {
          schedule: "0 3 * * *",
          retention: 3,
          s3: { endpoint, bucket, caFile, bucketLookup: "path" },
        };
      });
      await stack.setSecret("hybrid-k3s:s3AccessKey", s3.accessKey);
      await stack.setSecret("hybrid-k3s:s3SecretKey", s3.secretKey);
      await context.ensureCluster();
    });

    it("keeps a snapshot on the server's disk and in S3, and lists both", async () => {
      await note("written-before");
      first = (await expectSuccess(command("backup", "first"))).trim();
      assert.match(first, /^first-rack-1-\d+$/);
      assert.deepEqual(
        (await list()).filter(({ name }) => name === first).map(({ servers, inS3 }) => ({ servers, inS3 })),
        [{ servers: ["rack-1"], inS3: true }],
      );
      assert.ok(s3.list("edge").includes(first), JSON.stringify(s3.list("edge")));
    });

    it("takes new credentials of S3 without a restart of k3s, and says what a refusing S3 said", async () => {
      const { stack } = context;
      const started = await serverStart();
      await stack.setSecret("hybrid-k3s:s3SecretKey", "0".repeat(40));
      await expectSuccess(stack.up());
      const said = await expectFailure(command("backup", "refused"));
      assert.match(said, /refused-rack-1-\d+ is on the disk of rack-1, and NOT in S3: .*(Access|Forbidden|Signature)/);
      await stack.setSecret("hybrid-k3s:s3SecretKey", s3.secretKey);
      await expectSuccess(stack.up());
      await expectSuccess(command("backup", "taken"));
      assert.equal(await serverStart(), started, "k3s was restarted");
    });

    it("keeps the credentials of S3 out of k3s's settings", async () => {
      const server = context.lab.host("rack-1");
      const found = await server.exec(
        `grep -rlE '${s3.secretKey}|${s3.accessKey}' /etc/rancher /etc/hybrid-k3s /etc/systemd /run/hybrid-k3s 2>/dev/null || true`,
      );
      assert.equal(found.trim(), "");
    });

    it("puts the same server back to a snapshot on its disk, keeps what was there, and changes nothing of the nodes", async () => {
      await note("written-after");
      const earlier = await viewNodes(context.kubectl);
      assert.match(await expectFailure(command("restore", "nothing", "--yes")), /There is no backup nothing/);
      assert.match(await expectFailure(command("restore", "first")), /nobody is there to ask/);
      assert.deepEqual(await notes(), ["configmap/written-after", "configmap/written-before"]);
      const said = await expectSuccess(command("restore", "first", "--yes"));
      assert.deepEqual(await notes(), ["configmap/written-before"]);
      await waitReady(context.kubectl, NODES);
      assert.deepEqual(
        [...(await viewNodes(context.kubectl))].map(([name, { uid }]) => [name, uid]),
        [...earlier].map(([name, { uid }]) => [name, uid]),
      );
      const aside = /is on rack-1 in (\S+)\./.exec(said)?.[1] ?? assert.fail(said);
      assert.match(await context.lab.host("rack-1").exec(`ls ${aside}/db`), /etcd/);
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
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
      assert.deepEqual(await notes(), [], "the new cluster is empty");
      const said = await expectSuccess(command("restore", "first", "--from", "s3", "--yes"));
      const line = /pulumi up --replace 'urn:[^']*'/.exec(said)?.[0] ?? assert.fail(said);
      const flags = ["--yes", "--skip-preview", "--non-interactive", "--color=never", ...stack.flags];
      await expectSuccess(lab.operator.run(["sh", "-euc", `${line} "$@"`, "sh", ...flags], { cwd: checkoutRoot }));
      await stack.saveKubeconfig();
      assert.deepEqual(await notes(), ["configmap/written-before"]);
      await waitReady(context.kubectl, NODES);
      await expectSuccess(command("backup", "again"));
      await expectSuccess(stack.up(["--expect-no-changes"]));
      // Its settings are those that it starts from: the restore has left none of its own.
      await lab.host("rack-1").exec("systemctl restart k3s");
      await waitReady(context.kubectl, NODES);
    });

    after(async () => {
      await context.ensureEmpty();
      const { stack } = context;
      stack.edit((settings) => {
        Reflect.deleteProperty(settings["hybrid-k3s:cluster"], "allowServerReplacement");
        Reflect.deleteProperty(settings["hybrid-k3s:cluster"], "backup");
        for (const key of ["s3AccessKey", "s3SecretKey"]) Reflect.deleteProperty(settings, `hybrid-k3s:${key}`);
      });
      stack.addHost("rack-1");
      await s3.service.stop();
    });
  },
};
