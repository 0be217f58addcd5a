import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Answer, Target } from "./tailscale-api-target";
import { emulationOf, startingPolicy, tokenOf } from "./tailscale-api-target";

const acls = (rule: string): string => `{"acls": [{"action": "accept", ${rule}}]}`;
const grants = (rule: string): string => `{"grants": [{${rule}}]}`;
const ssh = (rule: string): string => `{"ssh": [{"action": "accept", "src": ["autogroup:member"], "dst": ["autogroup:self"], ${rule}}]}`;

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
      // Byte for byte: tabs, line ends of either kind, letters beyond ASCII, both kinds of comments, trailing commas, an empty end.
      const text =
        startingPolicy.replace("one line", "une ligne à élaguer ✂").replace("],\n}", "],\r\n\t/* end */ }") + "\n\n  // \u00a0\n";
      const saved = await set(text, before.etag);
      assert.deepEqual([saved.status, saved.text], [200, text]);
      const changed = await get();
      assert.equal(changed.text, text);
      assert.equal(changed.etag, saved.etag);
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

    // Messages: as recorded of the vendor's service in juanfont/headscale v0.29 (hscontrol/policy/v2/testdata, by the names given here),
    // in juanfont/headscale#2605 (ports) and in tailscale/tailscale#7145 (fields); the others' wording is the emulation's own.
    const refused: readonly (readonly [string, string, RegExp])[] = [
      ["an unknown field", '{"acl": []}', /^json: unknown field "acl"$/],
      ["an unknown field of a rule", '{"acls": [{"action": "accept", "source": ["*"], "dst": ["*:*"]}]}', /^json: unknown field "source"$/],
      ["a value of the wrong type", '{"tagOwners": {"tag:a": "tag:b"}}', /cannot unmarshal string/],
      ["broken syntax", '{\n  "acls": [}\n', /line 2, column 12/],
      ["an undefined tag as source (acl-err01)", acls('"src": ["tag:a"], "dst": ["*:*"]'), /^src=tag not found: "tag:a"$/],
      ["an undefined tag as destination (acl-err05)", acls('"src": ["*"], "dst": ["tag:a:22"]'), /^dst="tag:a": tag not found: "tag:a"$/],
      ["an undefined tag as approver", '{"autoApprovers": {"routes": {"10.0.0.0/8": ["tag:a"]}}}', /tag not found: "tag:a"$/],
      ["an undefined tag as owner", '{"tagOwners": {"tag:a": ["tag:b"]}}', /tag not found: "tag:b"$/],
      ["an undefined group", grants('"src": ["group:a"], "dst": ["*"], "ip": ["*"]'), /group not found: "group:a"$/],
      [
        "a rule without ports",
        acls('"src": ["*"], "dst": ["10.0.0.0/8"]'),
        /^dst="10\.0\.0\.0\/8": hostport must contain a colon \(":"\)$/,
      ],
      ["a rule for port 0", acls('"src": ["*"], "dst": ["10.0.0.1:0"]'), /first port must be >0, or use '\*' for wildcard$/],
      ["a named port (acl-err07)", acls('"src": ["*"], "dst": ["10.0.0.1:ssh"]'), /port range "ssh": invalid first integer$/],
      [
        "a rule that denies (acl-err06)",
        '{"acls": [{"action": "deny", "src": ["*"], "dst": ["*:*"]}]}',
        /^action="deny" is not supported$/,
      ],
      ["autogroup:self as a source (acl-err02)", acls('"src": ["autogroup:self"], "dst": ["*:*"]'), /not valid on the src side of a rule$/],
      ["a grant of nothing (grant-h8)", grants('"src": ["*"], "dst": ["*"]'), /^ip and app can not both be empty$/],
      [
        "icmp without ports in a grant (grant-j7)",
        grants('"src": ["*"], "dst": ["*"], "ip": ["icmp"]'),
        /^port range "icmp": invalid first integer$/,
      ],
      [
        "all addresses in a grant (grant-v08)",
        grants('"src": ["*"], "dst": ["0.0.0.0/0"], "ip": ["*"]'),
        /^dst "0\.0\.0\.0\/0": to allow all IP addresses/,
      ],
      ["a way that is no tag (grant-i4)", grants('"src": ["*"], "dst": ["*"], "ip": ["*"], "via": ["group:a"]'), /^via can only be a tag$/],
      ["a group in a group (ssh-group-nested-two-deep)", '{"groups": {"group:a": ["group:b"]}}', /group members cannot be recursive$/],
      ["a login that ssh rules cannot name (ssh-malformed-user-wildcard)", ssh('"users": ["*"]'), /^user "\*" is not valid$/],
    ];
    for (const [what, text, message] of refused) {
      it(`finds fault with ${what}`, async () => {
        const answer = await target.ask("POST", `${acl}/validate`, { token, text, headers: hujson });
        assert.equal(answer.status, 200);
        assert.match(String(answer.json["message"]), message);
      });
    }

    it("refuses with 400 to save what it finds fault with, and keeps what it has", { skip: changesTailnet }, async () => {
      for (const [, text, message] of refused) {
        const answer = await set(text);
        assert.equal(answer.status, 400);
        assert.match(String(answer.json["message"]), message);
      }
      assert.equal((await get()).text, startingPolicy);
    });
  });
}
