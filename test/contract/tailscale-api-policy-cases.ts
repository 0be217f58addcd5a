import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Answer, Target } from "./tailscale-api-target";
import { emulationOf, startingPolicy, tokenOf } from "./tailscale-api-target";

/** The policy file. */
export function definePolicyCases(target: Target): void {
  const changesTailnet = target.emulation === undefined && "would change a real tailnet";
  const acl = `/tailnet/${target.tailnet}/acl`;
  const hujson = { "content-type": "application/hujson", accept: "application/hujson" };
  const refusal = (answer: Answer) => [answer.status, answer.json["message"]];
  let token = "";
  const get = (accept = "application/hujson") => target.ask("GET", acl, { token, headers: { accept } });
  const set = (text: string, ifMatch?: string) =>
    target.ask("POST", acl, { token, text, headers: { ...hujson, ...(ifMatch === undefined ? {} : { "if-match": ifMatch }) } });
  describe("policy file", () => {
    beforeEach(async () => {
      token = await tokenOf(target);
      await target.emulation?.admin.call("editPolicy", { text: startingPolicy });
    });

    it("comes as HuJSON, or as JSON where that is asked for, with an ETag in quotes", async () => {
      const text = await get();
      assert.equal(text.status, 200);
      assert.match(text.etag, /^"[^"]+"$/);
      const json = await get("application/json");
      assert.doesNotThrow(() => JSON.parse(json.text));
      assert.equal(json.etag, text.etag);
    });

    it("refuses a stale ETag with 412 and changes nothing", async () => {
      const before = await get();
      assert.deepEqual(refusal(await set(before.text, '"0123456789abcdef"')), [412, "precondition failed, invalid old hash"]);
      assert.equal((await get()).text, before.text);
    });

    it("validates without setting: 200, with a message where something is wrong", async () => {
      const validate = (text: string) => target.ask("POST", `${acl}/validate`, { token, text, headers: hujson });
      assert.deepEqual((await validate((await get()).text)).json, {});
      const wrong = await validate('{"acls": [{"action": "accept", "src": ["tag:hk-undefined"], "dst": ["*:*"]}]}');
      assert.deepEqual(refusal(wrong), [200, 'src=tag not found: "tag:hk-undefined"']);
      assert.deepEqual(refusal(await validate('{"surprise": []}')), [200, 'json: unknown field "surprise"']);
    });

    it("keeps the text as it came, comments included, and gives it a new ETag", { skip: changesTailnet }, async () => {
      const before = await get();
      assert.equal(before.text, startingPolicy);
      const text = startingPolicy.replace("one line", "another line");
      assert.equal((await set(text, before.etag)).status, 200);
      const changed = await get();
      assert.equal(changed.text, text);
      assert.notEqual(changed.etag, before.etag);
      assert.equal((await set(startingPolicy, before.etag)).status, 412);
    });

    it("takes ts-default only while the policy is the untouched default, in both of its forms", { skip: changesTailnet }, async () => {
      const { admin } = emulationOf(target);
      assert.equal((await set(startingPolicy, '"ts-default"')).status, 412);
      for (const form of ["grants", "acls"] as const) {
        await admin.call("resetPolicy", { form });
        const text = (await get()).text;
        assert.match(text, /^\/\/ /);
        assert.ok(text.includes(`"${form}": [`));
        assert.equal((await set(startingPolicy, '"ts-default"')).status, 200);
      }
    });

    const refused: readonly (readonly [string, string, RegExp])[] = [
      ["an unknown field", '{"acl": []}', /^json: unknown field "acl"$/],
      ["an unknown field of a rule", '{"acls": [{"action": "accept", "source": ["*"], "dst": ["*:*"]}]}', /^json: unknown field "source"$/],
      ["a value of the wrong type", '{"tagOwners": {"tag:a": "tag:b"}}', /^json: cannot unmarshal string/],
      ["broken syntax", '{\n  "acls": [}\n', /^hujson: line 2, column 12: /],
      ["an undefined tag as source", '{"acls": [{"action": "accept", "src": ["tag:a"], "dst": ["*:*"]}]}', /^src=tag not found: "tag:a"$/],
      ["an undefined tag as destination", '{"acls": [{"action": "accept", "src": ["*"], "dst": ["tag:a:22"]}]}', /tag not found: "tag:a"$/],
      ["an undefined tag as approver", '{"autoApprovers": {"routes": {"10.0.0.0/8": ["tag:a"]}}}', /tag not found: "tag:a"$/],
      ["an undefined tag as owner", '{"tagOwners": {"tag:a": ["tag:b"]}}', /tag not found: "tag:b"$/],
      ["an undefined group", '{"grants": [{"src": ["group:a"], "dst": ["*"], "ip": ["*"]}]}', /group not found: "group:a"$/],
      ["a rule without ports", '{"acls": [{"action": "accept", "src": ["*"], "dst": ["10.0.0.0/8"]}]}', /port range/],
      ["a rule that denies", '{"acls": [{"action": "deny", "src": ["*"], "dst": ["*:*"]}]}', /"accept"/],
    ];
    for (const [what, text, message] of refused) {
      it(`refuses ${what} with 400`, { skip: changesTailnet }, async () => {
        const answer = await set(text);
        assert.equal(answer.status, 400);
        assert.match(String(answer.json["message"]), message);
        assert.equal((await get()).text, startingPolicy);
      });
    }

    it("is enforced: operators see the tagged server, others do not", { skip: changesTailnet }, async () => {
      const { admin, login } = emulationOf(target);
      const server = await target.ask("POST", "/tailnet/-/keys", {
        token,
        body: { capabilities: { devices: { create: { preauthorized: true, tags: ["tag:edge"] } } } },
      });
      assert.equal((await login("server", String(server.json["key"]))).code, 0);
      const alice = await admin.call("createDeviceKey", { user: "alice@example.org" });
      const bob = await admin.call("createDeviceKey", { user: "bob@example.org" });
      assert.ok((await login("laptop", alice.key)).peers.includes("server"));
      assert.deepEqual((await login("stranger", bob.key)).peers, []);
    });

    it("says so where headscale cannot enforce what the vendor can", { skip: changesTailnet }, async () => {
      const answer = await set('{"acls": [{"action": "accept", "src": ["autogroup:member"], "dst": ["autogroup:self:*"]}]}');
      assert.equal(answer.status, 400);
      assert.match(String(answer.json["message"]), /^autogroup:self is valid at the vendor, but the lab's control server/);
    });
  });
}
