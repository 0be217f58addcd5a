import assert from "node:assert/strict";
import { it } from "node:test";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Server } from "./k3s-servers";

const SNAPSHOTS = "/var/lib/rancher/k3s/server/db/snapshots";
const WAIT = { timeoutMs: 60_000, intervalMs: 500 };

interface SnapshotList {
  readonly items: readonly { readonly spec: Readonly<Record<string, string>>; readonly status: Readonly<Record<string, unknown>> }[];
}

/** Copies of an etcd and what comes back from them. Begins with the first as the only server. */
export function etcdSnapshots(token: string, servers: () => { readonly first: Server }): void {
  const files = async () => (await servers().first.host.exec(`ls ${SNAPSHOTS}`)).trim().split("\n");
  let name = "";

  it("are saved on demand under a name with the node's and the time", async () => {
    const { first } = servers();
    await first.kubectl("create configmap before --from-literal=a=b");
    const output = await first.host.exec("k3s etcd-snapshot save --name t1 2>&1");
    name = /Snapshot (t1-first-\d{10}) saved\./.exec(output)?.[1] ?? assert.fail(output);
    assert.deepEqual(await files(), [name]);
    assert.equal(await first.host.exec(`stat -c %a ${SNAPSHOTS} ${SNAPSHOTS}/${name}`), "700\n600\n");
    await first.kubectl("create configmap after --from-literal=a=b");
  });

  it("are listed for people and for programs", async () => {
    const { first } = servers();
    const table = (await first.host.exec("k3s etcd-snapshot ls 2>/dev/null")).split("\n");
    assert.match(table[0] ?? "", /^Name +Location +Size +Created$/);
    assert.match(table[1] ?? "", new RegExp(`^${name} +file://${SNAPSHOTS}/${name} +\\d+ +\\d{4}-\\d\\d-\\d\\dT[\\d:]+Z$`));
    const { items } = JSON.parse(await first.host.exec("k3s etcd-snapshot ls -o json 2>/dev/null")) as SnapshotList;
    assert.deepEqual(
      items.map(({ spec, status }) => [spec.snapshotName, spec.nodeName, spec.location, status.readyToUse]),
      [[name, "first", `file://${SNAPSHOTS}/${name}`, true]],
    );
    assert.match(String(items[0]?.status.size), /^\d+$/);
  });

  it("are saved by a schedule, of which the settings keep so many", async () => {
    const { first } = servers();
    await first.writeConfig(first.config(token, { "etcd-snapshot-schedule-cron": "@every 8s", "etcd-snapshot-retention": 2 }));
    await first.restart();
    const scheduled = async () => (await files()).filter((file) => /^etcd-snapshot-first-\d{10}$/.test(file));
    await waitUntil("two are there", async () => (await scheduled()).length === 2, WAIT);
    const before = (await scheduled())[0] ?? "";
    await waitUntil("the oldest is gone", async () => !(await files()).includes(before), WAIT);
    assert.equal((await scheduled()).length <= 3, true);
    assert.ok((await files()).includes(name), "one on demand is kept");
  });

  it("are deleted by name", async () => {
    const { first } = servers();
    await first.host.exec(`cp ${SNAPSHOTS}/${name} /opt/${name}`);
    assert.match(await first.host.exec(`k3s etcd-snapshot delete ${name} 2>&1`), new RegExp(`Snapshot ${name} deleted\\.`));
    assert.ok(!(await files()).includes(name));
  });

  it("give nothing back to who has not the server token", async () => {
    const { first } = servers();
    await first.wipe();
    const restore = { "cluster-reset": true, "cluster-reset-restore-path": `/opt/${name}` };
    const output = await first.runToItsEnd("server", first.config("another-token", restore), { limitSeconds: 180 });
    assert.match(output, /level=fatal msg="(Error: )?bootstrap data already found and encrypted with different token"$/m);
    await first.wipe();
    const missing = await first.runToItsEnd("server", first.config(token, { ...restore, "cluster-reset-restore-path": "/opt/none" }), {
      limitSeconds: 120,
    });
    assert.match(missing, /etcd: snapshot path does not exist: \/opt\/none/);
  });

  it("give back to a new host with that token what was there before them, and nothing since", async () => {
    const { first } = servers();
    await first.wipe();
    const restore = { "cluster-reset": true, "cluster-reset-restore-path": `/opt/${name}` };
    const output = await first.runToItsEnd("server", first.config(token, restore), { status: "0", limitSeconds: 180 });
    assert.match(output, /Managed etcd cluster membership has been reset, restart without --cluster-reset flag now/);
    await first.begin(first.config(token));
    await first.waitActiveServer();
    const names = await first.kubectl("get configmaps -o jsonpath='{.items[*].metadata.name}'");
    assert.deepEqual(
      ["before", "after", "kept"].map((each) => names.split(" ").includes(each)),
      [true, false, true],
    );
    await first.waitVoter("first");
  });
}
