import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, describe, it } from "node:test";
import type { Target } from "./tailscale-api-target";
import { emulationOf, startingPolicy, tokenOf } from "./tailscale-api-target";

/** What only the emulation has: faults, so that every error of the API can be provoked, and a log. */
export function defineFaultCases(target: Target): void {
  const skip = target.emulation === undefined && "the vendor's service fails when it likes";
  const acl = "/tailnet/-/acl";
  const read = async (token: string) => await target.ask("GET", acl, { token });
  const save = async (token: string, text: string, etag?: string) =>
    await target.ask("POST", acl, { token, text, headers: etag === undefined ? {} : { "if-match": etag } });
  const edited = startingPolicy.replace("one line", "another line");

  describe("faults and log of the emulation", { skip }, () => {
    afterEach(async () => {
      const { admin } = emulationOf(target);
      await admin.call("clearFaults");
      await admin.call("editPolicy", { text: startingPolicy });
    });

    it("fails the next requests with a status, then answers again", async () => {
      const { admin } = emulationOf(target);
      const token = await tokenOf(target);
      await admin.call("addFault", { path: "/devices$", times: 2, status: 429, message: "rate limit exceeded" });
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await target.ask("GET", "/tailnet/-/devices", { token })).status);
      assert.deepEqual(statuses, [429, 429, 200]);
    });

    it("says when to come back, and fails as a proxy does", async () => {
      const { admin } = emulationOf(target);
      const token = await tokenOf(target);
      await admin.call("addFault", { path: "/acl$", times: 1, status: 429, retryAfterSeconds: 3 });
      const limited = await read(token);
      assert.deepEqual([limited.status, limited.headers["retry-after"]], [429, "3"]);
      await admin.call("addFault", { path: "/acl$", times: 1, status: 502, body: "<h1>Bad Gateway</h1>" });
      const gateway = await read(token);
      assert.deepEqual([gateway.status, gateway.text, gateway.json], [502, "<h1>Bad Gateway</h1>", {}]);
      assert.equal((await read(token)).status, 200);
    });

    it("drops the answer after acting: a key is made, a policy is saved", async () => {
      const { admin } = emulationOf(target);
      const token = await tokenOf(target);
      const before = (await admin.call("listKeys")).keys.length;
      await admin.call("addFault", { method: "POST", path: "/(keys|acl)$", times: 2, drop: "after" });
      const body = { capabilities: { devices: { create: { tags: [target.tag] } } } };
      await assert.rejects(target.ask("POST", "/tailnet/-/keys", { token, body }), /hang up|ECONNRESET/);
      assert.equal((await admin.call("listKeys")).keys.length, before + 1);
      await assert.rejects(save(token, edited), /hang up|ECONNRESET/);
      assert.equal((await read(token)).text, edited);
    });

    it("drops the connection before acting", async () => {
      const { admin } = emulationOf(target);
      const token = await tokenOf(target);
      await admin.call("addFault", { method: "POST", path: "/acl$", times: 1, drop: "before" });
      await assert.rejects(save(token, edited), /hang up|ECONNRESET/);
      assert.equal((await read(token)).text, startingPolicy);
    });

    it("never answers, before or after acting, until the client gives up", async () => {
      const { admin } = emulationOf(target);
      const token = await tokenOf(target);
      for (const [hang, kept] of [
        ["before", startingPolicy],
        ["after", edited],
      ] as const) {
        await admin.call("addFault", { method: "POST", path: "/acl$", times: 1, hang });
        const asked = target.ask("POST", acl, { token, text: edited, limitMs: 3_000 });
        await assert.rejects(asked, /no answer in 3 s/);
        assert.equal((await read(token)).text, kept, hang);
      }
    });

    it("lets somebody else save the policy between a read and a write", async () => {
      const { admin } = emulationOf(target);
      const token = await tokenOf(target);
      await admin.call("addFault", { method: "POST", path: "/acl$", times: 1, overtakenBy: edited });
      const { text, etag } = await read(token);
      const overtaken = await save(token, `${text}// mine`, etag);
      assert.deepEqual([overtaken.status, overtaken.json["message"]], [412, "precondition failed, invalid old hash"]);
      const again = await read(token);
      assert.equal(again.text, edited);
      assert.equal((await save(token, `${again.text}// mine`, again.etag)).status, 200);
    });

    it("does not know another tailnet", async () => {
      const token = await tokenOf(target);
      const answer = await target.ask("GET", "/tailnet/elsewhere.example/acl", { token });
      assert.deepEqual([answer.status, answer.json["message"]], [404, "tailnet not found"]);
    });

    it("logs method, path, status and actor, and no secret", async () => {
      const { admin, prepared } = emulationOf(target);
      const token = await tokenOf(target);
      await target.ask("DELETE", "/device/424242", { token });
      const { requests } = await admin.call("requests", {});
      const { method, path, status, actor } = requests.at(-1) ?? {};
      assert.deepEqual({ method, path, status, actor }, { method: "DELETE", path: "/device/424242", status: 404, actor: target.client.id });
      const log = await readFile(prepared.apiConfig.requestLog, "utf8");
      assert.ok(!log.includes(token) && !log.includes(target.client.secret));
    });
  });
}
