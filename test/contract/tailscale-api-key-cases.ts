import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Answer, Target } from "./tailscale-api-target";
import { emulationOf, tokenOf } from "./tailscale-api-target";

/** Tokens, scopes and auth keys. */
export function defineKeyCases(target: Target): void {
  const changesTailnet = target.emulation === undefined && "would change a real tailnet";
  const keys = `/tailnet/${target.tailnet}/keys`;
  const ephemeralKey = (tags: readonly string[], more: Readonly<Record<string, unknown>> = {}) => ({
    capabilities: { devices: { create: { reusable: false, ephemeral: true, preauthorized: true, tags } } },
    expirySeconds: 300,
    ...more,
  });
  const refusal = (answer: Answer) => [answer.status, answer.json["message"]];

  describe("API access", () => {
    it("gives a client's token by form fields and by Basic, for an hour", async () => {
      const { id, secret } = target.client;
      const basic = {
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      };
      const answer = await target.ask("POST", "/oauth/token", { text: "grant_type=client_credentials", headers: basic });
      assert.equal(answer.status, 200);
      assert.equal(answer.json["expires_in"], 3600);
      const token = await tokenOf(target);
      assert.equal((await target.ask("GET", keys, { token })).status, 200);
      assert.equal(
        (await target.ask("GET", keys, { headers: { authorization: `Basic ${Buffer.from(`${token}:`).toString("base64")}` } })).status,
        200,
      );
    });

    it("refuses a wrong secret, a wrong token and no token with 401", async () => {
      const form = `client_id=${target.client.id}&client_secret=tskey-client-wrong`;
      const wrong = await target.ask("POST", "/oauth/token", {
        text: form,
        headers: { "content-type": "application/x-www-form-urlencoded" },
      });
      assert.deepEqual(refusal(wrong), [401, "API token invalid"]);
      assert.deepEqual(refusal(await target.ask("GET", keys, { token: "tskey-api-wrong" })), [401, "API token invalid"]);
      assert.equal((await target.ask("GET", keys)).status, 401);
    });

    it("refuses the client's secret in the place of a token with 403", async () => {
      const answer = await target.ask("GET", keys, { token: target.client.secret });
      assert.deepEqual(refusal(answer), [403, "calling actor does not have enough permissions to perform this function"]);
    });

    it("holds a narrowed token to its scopes, and grants no scope that the client lacks", async () => {
      const token = await tokenOf(target, target.client, "policy_file:read");
      assert.equal((await target.ask("GET", `/tailnet/${target.tailnet}/acl`, { token })).status, 200);
      const write = await target.ask("POST", `/tailnet/${target.tailnet}/acl`, { token, text: "{", headers: { "if-match": '"stale"' } });
      assert.deepEqual(refusal(write), [403, "calling actor does not have enough permissions to perform this function"]);
      assert.equal((await target.ask("POST", keys, { token, body: ephemeralKey([target.tag]) })).status, 403);
      assert.equal((await target.ask("GET", `/tailnet/${target.tailnet}/devices`, { token })).status, 403);
      await assert.rejects(tokenOf(target, target.client, "dns"), /403 .*OAuth client cannot grant scopes \\"dns\\"/);
    });

    it("ends a client's tokens when its secret is changed", { skip: changesTailnet }, async () => {
      const { admin } = emulationOf(target);
      const client = await admin.call("createClient", { scopes: ["policy_file"] });
      const token = await tokenOf(target, client);
      const rotated = await admin.call("rotateClient", { id: client.id });
      assert.equal((await target.ask("GET", "/tailnet/-/acl", { token })).status, 401);
      await assert.rejects(tokenOf(target, client), /401/);
      assert.equal((await target.ask("GET", "/tailnet/-/acl", { token: await tokenOf(target, rotated) })).status, 200);
    });

    it("ends an API key at its time", { skip: changesTailnet }, async () => {
      const { admin } = emulationOf(target);
      const alive = await admin.call("createApiKey", { user: "alice@example.org" });
      const dead = await admin.call("createApiKey", { user: "alice@example.org", expirySeconds: 0 });
      assert.equal((await target.ask("GET", keys, { token: alive.secret })).status, 200);
      assert.equal((await target.ask("GET", keys, { token: dead.secret })).status, 401);
    });
  });

  describe("auth keys", () => {
    it("a client mints its own tags, or tags that those own", async () => {
      const token = await tokenOf(target);
      const made = await target.ask("POST", keys, { token, body: ephemeralKey([target.tag], { description: "contract test" }) });
      assert.equal(made.status, 200, made.text);
      assert.equal(typeof made.json["key"], "string");
      const id = String(made.json["id"]);
      const read = await target.ask("GET", `${keys}/${id}`, { token });
      assert.equal(read.status, 200);
      assert.equal("key" in read.json, false, "the key itself is told once");
      assert.equal(read.json["description"], "contract test");
      assert.notEqual(read.json["invalid"], true);
      assert.deepEqual(read.json["capabilities"], {
        devices: { create: { reusable: false, ephemeral: true, preauthorized: true, tags: [target.tag] } },
      });
      assert.equal((await target.ask("DELETE", `${keys}/${id}`, { token })).status, 200);
      const deleted = await target.ask("GET", `${keys}/${id}`, { token });
      assert.deepEqual([deleted.status, deleted.json["invalid"], typeof deleted.json["revoked"]], [200, true, "string"]);
    });

    it("refuses a tag that no tagOwners entry defines", async () => {
      const answer = await target.ask("POST", keys, { token: await tokenOf(target), body: ephemeralKey(["tag:hk-undefined"]) });
      assert.deepEqual(refusal(answer), [400, "requested tags [tag:hk-undefined] are invalid or not permitted"]);
    });

    it("refuses a client's key without tags", async () => {
      assert.equal((await target.ask("POST", keys, { token: await tokenOf(target), body: ephemeralKey([]) })).status, 400);
    });

    it("refuses unknown fields", async () => {
      const token = await tokenOf(target);
      const outer = await target.ask("POST", keys, { token, body: ephemeralKey([target.tag], { surprise: 1 }) });
      assert.deepEqual(refusal(outer), [400, 'json: unknown field "surprise"']);
      const inner = await target.ask("POST", keys, { token, body: { capabilities: { devices: { create: { "reusable:": false } } } } });
      assert.deepEqual(refusal(inner), [400, 'json: unknown field "reusable:"']);
    });

    it("refuses odd characters in the description, and cuts a long one to 50", async () => {
      const token = await tokenOf(target);
      assert.equal(
        (await target.ask("POST", keys, { token, body: ephemeralKey([target.tag], { description: "rack_1: key" }) })).status,
        400,
      );
      const made = await target.ask("POST", keys, { token, body: ephemeralKey([target.tag], { description: "a".repeat(60) }) });
      assert.equal(String(made.json["description"]).length, 50);
      await target.ask("DELETE", `${keys}/${String(made.json["id"])}`, { token });
    });

    it("answers 404 for a key that never was", async () => {
      assert.equal((await target.ask("GET", `${keys}/kNeverWasCNTRL`, { token: await tokenOf(target) })).status, 404);
    });

    it("refuses a tag that the client does not own, and a part of the client's own tags", { skip: changesTailnet }, async () => {
      const { admin } = emulationOf(target);
      const other = await target.ask("POST", keys, { token: await tokenOf(target), body: ephemeralKey(["tag:other"]) });
      assert.deepEqual(refusal(other), [400, "requested tags [tag:other] are invalid or not permitted"]);
      const token = await tokenOf(target, await admin.call("createClient", { scopes: ["auth_keys"], tags: ["tag:admin", "tag:other"] }));
      assert.equal((await target.ask("POST", keys, { token, body: ephemeralKey(["tag:other"]) })).status, 400);
      assert.equal((await target.ask("POST", keys, { token, body: ephemeralKey(["tag:other", "tag:admin"]) })).status, 200);
    });

    it("a single-use key is invalid once used, unlisted, and lets nobody in again", { skip: changesTailnet }, async () => {
      const { login, admin } = emulationOf(target);
      const token = await tokenOf(target);
      const { json: key } = await target.ask("POST", keys, { token, body: ephemeralKey([target.tag]) });
      const path = `${keys}/${String(key["id"])}`;
      assert.equal((await login("single", String(key["key"]))).code, 0);
      assert.equal((await target.ask("GET", path, { token })).json["invalid"], true);
      const { json } = await target.ask("GET", `${keys}?all=true`, { token });
      assert.ok(!(json["keys"] as { id: string }[]).some(({ id }) => id === key["id"]));
      assert.notEqual((await login("again", String(key["key"]))).code, 0);
      assert.equal((await target.ask("DELETE", path, { token })).status, 200);
      assert.ok((await admin.call("listKeys")).keys.some(({ id, used }) => id === key["id"] && used));
    });

    it("expired and deleted keys are invalid and let nobody in; a reusable one stays valid", { skip: changesTailnet }, async () => {
      const { login, admin } = emulationOf(target);
      const token = await tokenOf(target);
      const make = async (reusable: boolean) => {
        const body = { capabilities: { devices: { create: { reusable, preauthorized: true, tags: [target.tag] } } } };
        const { json } = await target.ask("POST", keys, { token, body });
        return { id: String(json["id"]), key: String(json["key"]) };
      };
      const isInvalid = async (id: string) => (await target.ask("GET", `${keys}/${id}`, { token })).json["invalid"];
      const [reusable, expired] = [await make(true), await make(false)];
      assert.equal((await login("reusing", reusable.key)).code, 0);
      assert.equal(await isInvalid(reusable.id), false);
      await admin.call("expireKey", { id: expired.id });
      assert.equal(await isInvalid(expired.id), true);
      assert.notEqual((await login("late", expired.key)).code, 0);
      assert.equal((await target.ask("DELETE", `${keys}/${reusable.id}`, { token })).status, 200);
      assert.notEqual((await login("later", reusable.key)).code, 0);
    });
  });
}
