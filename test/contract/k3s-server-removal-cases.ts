import assert from "node:assert/strict";
import { it } from "node:test";
import type { Server } from "./k3s-servers";

interface Three {
  readonly first: Server;
  readonly second: Server;
  readonly third: Server;
}

/** How servers leave and come back. Begins with the first's Node listed and its host wiped, ends without the third. */
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

  it("lets a stopped server go within a minute and a half of its Node's deletion", async () => {
    const { second, third } = servers();
    await third.stop();
    await second.host.exec("k3s kubectl delete node third", { timeoutMs: 90_000 });
    assert.deepEqual(await names(second), ["first", "second"]);
  });
}
