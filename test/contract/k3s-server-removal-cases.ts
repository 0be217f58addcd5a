import assert from "node:assert/strict";
import { it } from "node:test";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Server } from "./k3s-servers";

const WAIT = { timeoutMs: 90_000, intervalMs: 500 };
const DB = "/var/lib/rancher/k3s/server/db";

interface Three {
  readonly first: Server;
  readonly second: Server;
  readonly third: Server;
}

/** How servers leave and come back. Begins with the first's Node listed and its host wiped, ends with three voters. */
export function serverRemovals(token: string, servers: () => Three): void {
  const names = async (server: Server) => (await server.members()).map((member) => member.replace(/-[0-9a-f]{8}=.*$/, ""));

  it("loses a dead server's member with its Node, which frees the name", async () => {
    const { first, second } = servers();
    await second.host.exec("k3s kubectl delete node first", { timeoutMs: 90_000 });
    assert.deepEqual(await names(second), ["second", "third"]);
    await first.begin(first.config(token, { server: second.url }));
    await first.waitActiveServer();
    await second.waitVoter("first");
    assert.deepEqual(await names(second), ["first", "second", "third"]);
  });

  it("holds each Node until its member is out, for which one server at a time is responsible", async () => {
    const { second } = servers();
    const finalizers = await second.kubectl("get node third -o jsonpath='{.metadata.finalizers[*]}'");
    assert.ok(finalizers.split(" ").includes("wrangler.cattle.io/managed-etcd-controller"), finalizers);
    assert.notEqual(await second.kubectl("get lease -n kube-system k3s-etcd -o jsonpath={.spec.holderIdentity}"), "");
  });

  it("takes out the member that a deleted Node names, whoever made that Node", async () => {
    const { second, third } = servers();
    await third.stop();
    const [member = assert.fail("no member called third")] = (await second.members()).filter((one) => one.startsWith("third-"));
    const [name = "", address = ""] = /^(.*)=https:\/\/(.*):2380$/.exec(member)?.slice(1) ?? assert.fail(member);
    // Without this label k3s lets the Node go alone: what is left is as a joiner leaves it that was ended before its Node was there.
    await second.kubectl("label node third node-role.kubernetes.io/etcd-");
    await second.host.exec("k3s kubectl delete node third", { timeoutMs: 90_000 });
    assert.deepEqual(await names(second), ["first", "second", "third"]);
    const placeholder = {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "placeholder",
        labels: { "node-role.kubernetes.io/etcd": "true" },
        annotations: { "etcd.k3s.cattle.io/node-name": name, "etcd.k3s.cattle.io/node-address": address },
        finalizers: ["wrangler.cattle.io/managed-etcd-controller"],
      },
      spec: { unschedulable: true },
    };
    await second.host.exec("k3s kubectl create -f -", { input: JSON.stringify(placeholder) });
    await second.host.exec("k3s kubectl delete node placeholder", { timeoutMs: 90_000 });
    assert.deepEqual(await names(second), ["first", "second"]);
    await third.wipe();
    await third.begin(third.config(token, { server: second.url }));
    await third.waitActiveServer();
    await second.waitVoter("third");
  });

  it("lets a stopped server go within a minute and a half of its Node's deletion", async () => {
    const { second, third } = servers();
    await third.stop();
    await second.host.exec("k3s kubectl delete node third", { timeoutMs: 90_000 });
    assert.deepEqual(await names(second), ["first", "second"]);
  });

  it("never serves one that was removed and starts with its old data", async () => {
    const { second, third } = servers();
    await third.begin(third.config(token, { "cluster-init": true }));
    const hasTried = async () => (await third.journal("k3s")).includes("Failed to test etcd connection: ");
    await waitUntil("its etcd does not answer", hasTried, WAIT);
    assert.equal(await third.host.exec("systemctl show -P ActiveState k3s"), "activating\n");
    assert.deepEqual(await names(second), ["first", "second"]);
    await third.stop();
  });

  // Whether a member that finds out at its start leaves the mark is a matter of luck: k3s and etcd read that error from one channel.
  it("refuses data that are marked as a removed member's, where it is told of no server to join", async () => {
    const { third } = servers();
    await third.host.exec(`touch ${DB}/etcd/tombstone`);
    const output = await third.runToItsEnd("server", third.config(token, { "cluster-init": true }), { limitSeconds: 120 });
    assert.match(
      output,
      /level=fatal msg="Error: preparing server: .*tombstone file has been detected but --server is empty: backup and delete \$\{datadir\}\/server\/db/,
    );
  });

  it("puts them aside and joins again, where it is told of one", async () => {
    const { second, third } = servers();
    await third.begin(third.config(token, { server: second.url }));
    await third.waitActiveServer();
    await second.waitVoter("third");
    assert.match(await third.host.exec(`ls ${DB}`), /^etcd-backup-\d+$/m);
    assert.deepEqual(await names(second), ["first", "second", "third"]);
  });

  it("takes a living server's member out by an annotation", async () => {
    const { second, third } = servers();
    await second.kubectl("annotate node third etcd.k3s.cattle.io/remove=true");
    await waitUntil("the member is out", async () => !(await names(second)).includes("third"), WAIT);
    // At once, or it joins again because its settings name a server.
    await third.stop();
    await second.waitVoter("third", "False NotAMember");
    await second.host.exec("k3s kubectl delete node third", { timeoutMs: 90_000 });
  });
}

/** What a lost quorum needs. Begins with two voters, of which the second is stopped for good, and ends with the first alone. */
export function clusterResets(token: string, servers: () => Three): void {
  it("refuses to reset the cluster while the settings name a server", async () => {
    const { first, second } = servers();
    await second.stop();
    await first.stop();
    const output = await first.runToItsEnd("server", first.config(token, { server: second.url, "cluster-reset": true }));
    assert.match(output, /cannot perform cluster-reset while server URL is set - remove server from configuration before resetting/);
  });

  it("resets it to one member with the data that it has, says so and ends", async () => {
    const { first } = servers();
    const output = await first.runToItsEnd("server", first.config(token, { "cluster-reset": true }), { status: "0", limitSeconds: 180 });
    assert.ok(
      output.includes(
        "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes",
      ),
      output,
    );
    const again = await first.runToItsEnd("server", first.config(token, { "cluster-reset": true }));
    assert.match(
      again,
      /Managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start k3s normally/,
    );
    await first.writeConfig(first.config(token));
    await first.host.exec("systemctl start k3s", { timeoutMs: 180_000 });
    assert.equal((await first.members()).length, 1);
    assert.equal(await first.kubectl("get configmap shared -o jsonpath={.data.from}"), "third");
    const flag = async () => first.host.exec(`test -e ${DB}/reset-flag && echo yes || echo no`);
    await waitUntil("the flag is gone", async () => (await flag()) === "no\n", WAIT);
  });

  it("refuses another server token, and another token for agents at the second start with it", async () => {
    const { first } = servers();
    await first.stop();
    const otherServers = await first.runToItsEnd("server", first.config("another-secret"), { limitSeconds: 120 });
    assert.match(otherServers, /bootstrap data already found and encrypted with different token/);
    const other = first.config(token, { "agent-token": "another-agent-secret" });
    await first.writeConfig(other);
    await first.host.exec("systemctl start k3s", { timeoutMs: 180_000 });
    await first.stop();
    const again = await first.runToItsEnd("server", other, { limitSeconds: 120 });
    assert.match(
      again,
      /level=fatal msg="\/var\/lib\/rancher\/k3s\/server\/cred\/passwd newer than datastore and could cause a cluster outage\. Remove the file\(s\) from disk and restart to be recreated from datastore\."$/m,
    );
    await first.writeConfig(first.config(token));
    await first.host.exec("rm /var/lib/rancher/k3s/server/cred/passwd; systemctl start k3s", { timeoutMs: 180_000 });
  });
}
