import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Target } from "./tailscale-api-target";
import { emulationOf, startingPolicy, tokenOf } from "./tailscale-api-target";

/** Services: names and addresses that several devices may stand behind. */
export function defineServiceCases(target: Target): void {
  const changesTailnet = target.emulation === undefined && "would change a real tailnet";
  const all = `/tailnet/${target.tailnet}/services`;
  const one = (name: string) => `${all}/${encodeURIComponent(name)}`;
  const wanted = { name: "svc:k3s-api", ports: ["tcp:6443"], comment: "of a test" };
  /** Of a client that has the scopes of the others and this one. */
  const token = async (scope = "services") =>
    tokenOf(target, await emulationOf(target).admin.call("createClient", { scopes: ["devices:core", scope], tags: ["tag:admin"] }));

  describe("Services", () => {
    it("needs a scope of its own, to read too", { skip: changesTailnet }, async () => {
      const others = await tokenOf(target);
      const refused = { message: "calling actor does not have enough permissions to perform this function" };
      for (const [method, path, body] of [
        ["GET", all],
        ["GET", one("svc:k3s-api")],
        ["PUT", one("svc:k3s-api"), wanted],
        ["DELETE", one("svc:k3s-api")],
      ] as const) {
        const answer = await target.ask(method, path, { token: others, ...(body && { body }) });
        assert.deepEqual([answer.status, answer.json], [403, refused], `${method} ${path}`);
      }
      const reader = await token("services:read");
      assert.equal((await target.ask("GET", all, { token: reader })).status, 200);
      assert.equal((await target.ask("PUT", one("svc:k3s-api"), { token: reader, body: wanted })).status, 403);
    });

    it("answers 404 for a Service that is not there", { skip: changesTailnet }, async () => {
      const writer = await token();
      for (const method of ["GET", "DELETE"]) assert.equal((await target.ask(method, one("svc:nobody"), { token: writer })).status, 404);
    });

    it("makes one with an IPv4 and an IPv6 address, keeps them, and deletes it; by either path", { skip: changesTailnet }, async () => {
      const writer = await token();
      const put = (body: unknown, path = one("svc:k3s-api")) => target.ask("PUT", path, { token: writer, body });
      assert.equal((await put(wanted)).status, 200);
      const made = (await target.ask("GET", one("svc:k3s-api"), { token: writer })).json;
      const [v4, v6] = made["addrs"] as readonly string[];
      assert.match(String(v4), /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+$/);
      assert.match(String(v6), /^fd7a:115c:a1e0:/);
      assert.deepEqual([made["name"], made["ports"], made["comment"]], [wanted.name, wanted.ports, wanted.comment]);
      // The vendor's own clients ask at the older path, and send both addresses back.
      const older = one("svc:k3s-api").replace("/services/", "/vip-services/");
      assert.equal((await put({ ...wanted, addrs: [v4, v6], comment: "another" }, older)).status, 200);
      const changed = (await target.ask("GET", older, { token: writer })).json;
      assert.deepEqual([changed["comment"], changed["addrs"]], ["another", [v4, v6]]);
      const { vipServices } = (await target.ask("GET", all, { token: writer })).json as { vipServices: readonly { name: string }[] };
      assert.deepEqual(
        vipServices.map(({ name }) => name),
        [wanted.name],
      );
      assert.equal((await target.ask("DELETE", older, { token: writer })).status, 200);
      assert.equal((await target.ask("GET", one("svc:k3s-api"), { token: writer })).status, 404);
    });

    it("refuses what is no Service, and makes nothing", { skip: changesTailnet }, async () => {
      const writer = await token();
      for (const [what, body] of [
        ["another name than that of the path", { ...wanted, name: "svc:other" }],
        ["no name", { ports: wanted.ports }],
        ["an unknown field", { ...wanted, hosts: ["rack-1"] }],
        ["a port without protocol", { ...wanted, ports: ["6443"] }],
        ["another protocol", { ...wanted, ports: ["udp:6443"] }],
        ["a tag that is not defined", { ...wanted, tags: ["tag:nobody"] }],
        ["an IPv6 address of the asker's", { ...wanted, addrs: ["100.90.1.1", "fd7a:115c:a1e0::1"] }],
      ] as const)
        assert.equal((await target.ask("PUT", one("svc:k3s-api"), { token: writer, body })).status, 400, what);
      for (const name of ["k3s-api", "svc:", "svc:K3s", "svc:k3s.api"])
        assert.equal((await target.ask("PUT", one(name), { token: writer, body: { ...wanted, name } })).status, 400, name);
      assert.deepEqual((await target.ask("GET", all, { token: writer })).json["vipServices"], []);
    });

    it(
      "is a target of grants and an entry of autoApprovers once it is there, and no target of acls",
      { skip: changesTailnet },
      async () => {
        const writer = await token();
        const save = async (part: string) => {
          const text = startingPolicy.replace(/"autoApprovers": .*/, part);
          return target.ask("POST", `/tailnet/${target.tailnet}/acl`, { token: await tokenOf(target), text });
        };
        const named = `"grants": [{"src": ["group:ops"], "dst": ["svc:k3s-api"], "ip": ["tcp:6443"]}],
        "autoApprovers": {"services": {"svc:k3s-api": ["tag:edge"]}},`;
        const early = await save(named);
        assert.deepEqual([early.status, early.json], [400, { message: 'service not found: "svc:k3s-api"' }]);
        assert.equal((await target.ask("PUT", one("svc:k3s-api"), { token: writer, body: wanted })).status, 200);
        assert.equal((await save(named)).status, 200);
        assert.equal((await save('"autoApprovers": {"services": {"svc:k3s-api": ["tag:nobody"]}},')).status, 400);
        assert.equal((await save('"autoApprovers": {"services": {"k3s-api": ["tag:edge"]}},')).status, 400);
        const inAcls = startingPolicy.replace('"tag:edge:6443"]}', '"svc:k3s-api:6443"]}');
        assert.equal(
          (await target.ask("POST", `/tailnet/${target.tailnet}/acl`, { token: await tokenOf(target), text: inAcls })).status,
          400,
        );
        await emulationOf(target).admin.call("editPolicy", { text: startingPolicy });
        assert.equal((await target.ask("DELETE", one("svc:k3s-api"), { token: writer })).status, 200);
      },
    );
  });
}
