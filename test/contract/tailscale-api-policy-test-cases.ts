import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { FilterRule } from "./tailscale-api-setup";
import type { Target } from "./tailscale-api-target";
import { emulationOf, startingPolicy, tokenOf } from "./tailscale-api-target";

const definitions = `
	"groups": {"group:ops": ["alice@example.org"]},
	"hosts": {"pod": "10.42.1.5", "pods": "10.42.0.0/16"},
	"tagOwners": {"tag:admin": [], "tag:edge": ["tag:admin"], "tag:other": []},
	"autoApprovers": {"routes": {"10.42.0.0/16": ["tag:edge"]}},`;

const inForm: Readonly<Record<string, string>> = {
  grants: `"grants": [
		{"src": ["tag:edge"], "dst": ["tag:edge"], "ip": ["tcp:6443", "10250"]},
		{"src": ["tag:edge", "pods"], "dst": ["pods"], "ip": ["*"]},
		{"src": ["group:ops"], "dst": ["tag:edge"], "ip": ["tcp:6443"]},
	],`,
  acls: `"acls": [
		{"action": "accept", "src": ["tag:edge"], "dst": ["tag:edge:6443"], "proto": "tcp"},
		{"action": "accept", "src": ["tag:edge"], "dst": ["tag:edge:10250"]},
		{"action": "accept", "src": ["tag:edge", "pods"], "dst": ["pods:*"]},
		{"action": "accept", "src": ["group:ops"], "dst": ["tag:edge:6443"], "proto": "tcp"},
	],`,
};

const holding = `"tests": [
		{"src": "tag:edge", "accept": ["tag:edge:6443", "tag:edge:10250", "pod:80"], "deny": ["tag:edge:22", "tag:other:6443"]},
		{"src": "pod", "accept": ["10.42.7.9:1"], "deny": ["tag:edge:6443"]},
		{"src": "group:ops", "proto": "tcp", "accept": ["tag:edge:6443"], "deny": ["pod:80", "tag:edge:10250"]},
		{"user": "bob@example.org", "allow": [], "deny": ["tag:edge:6443", "pod:80"]},
	],`;

const failing = `"tests": [
		{"src": "tag:other", "accept": ["tag:edge:6443"], "deny": ["pod:80"]},
		{"src": "group:ops", "accept": ["tag:edge:6443"], "deny": ["tag:edge:6443"]},
	],`;

const failed = {
  message: "test(s) failed",
  data: [
    { user: "tag:other", errors: ['address "tag:edge:6443": want: Accept, got: Drop'] },
    { user: "group:ops", errors: ['address "tag:edge:6443": want: Drop, got: Accept'] },
  ],
};

/**
 * Tests in the policy file, and what the control server makes of its rules. Sources: https://tailscale.com/kb/1337/policy-syntax#tests,
 * "Validate and test tailnet's policy file" in api.md of tailscale/tailscale, and answers of the vendor's service recorded in
 * juanfont/headscale v0.29 (hscontrol/policy/v2/testdata/policytest_results, by the names given here).
 */
export function definePolicyTestCases(target: Target): void {
  const changesTailnet = target.emulation === undefined && "would change a real tailnet";
  const acl = `/tailnet/${target.tailnet}/acl`;
  let token = "";
  const validate = (text: string) =>
    target.ask("POST", `${acl}/validate`, { token, text, headers: { "content-type": "application/hujson" } });
  const set = (text: string) => target.ask("POST", acl, { token, text, headers: { "content-type": "application/hujson" } });
  const kept = async () => (await target.ask("GET", acl, { token })).text;

  describe("tests of the policy file", () => {
    beforeEach(async () => {
      token = await tokenOf(target);
    });

    for (const [form, rules] of Object.entries(inForm)) {
      it(`hold over ${form}, for tags, groups and users that have no device yet`, async () => {
        const answer = await validate(`{${definitions}${rules}${holding}}`);
        assert.deepEqual([answer.status, answer.json], [200, {}]);
      });

      it(`tell by source what failed over ${form}`, async () => {
        const answer = await validate(`{${definitions}${rules}${failing}}`);
        assert.equal(answer.status, 200);
        assert.deepEqual(answer.json, failed);
      });

      it(`keep a policy of ${form} out when it is saved: 400, and nothing changes`, { skip: changesTailnet }, async () => {
        const before = await kept();
        const answer = await set(`{${definitions}${rules}${failing}}`);
        assert.deepEqual([answer.status, answer.json], [400, failed]);
        assert.equal(await kept(), before);
      });
    }

    const untestable: readonly (readonly [string, string])[] = [
      ["no source (malformed-test-missing-src)", '{"accept": ["pod:80"]}'],
      ["nothing to accept or deny (malformed-test-missing-accept-and-deny)", '{"src": "tag:edge"}'],
      ["an undefined tag as source (src-unknown-tag)", '{"src": "tag:gone", "deny": ["pod:80"]}'],
      ["an undefined tag as destination (dst-unknown-tag)", '{"src": "tag:edge", "deny": ["tag:gone:80"]}'],
      ["a range of addresses (dst-unknown-cidr-shape)", '{"src": "tag:edge", "accept": ["10.42.0.0/16:80"]}'],
      ["a host that is a range (allpass-grants-only-tag-src-host-alias-cidr-dst)", '{"src": "tag:edge", "accept": ["pods:80"]}'],
      ["a list of ports (port-shape-list)", '{"src": "tag:edge", "accept": ["pod:80,443"]}'],
      ["a range of ports (port-shape-range)", '{"src": "tag:edge", "accept": ["pod:80-90"]}'],
      ["any port (port-shape-wildcard)", '{"src": "tag:edge", "accept": ["pod:*"]}'],
    ];
    for (const [what, test] of untestable) {
      it(`fail where they name ${what}`, async () => {
        const answer = await validate(`{${definitions}${inForm["grants"]}"tests": [${test}]}`);
        assert.deepEqual([answer.status, answer.json["message"]], [200, "test(s) failed"]);
      });
    }

    it("are of SSH too: sshTests over ssh rules (sshtest-accept-fail-wrong-login-user)", async () => {
      const ssh = (login: string): string =>
        `"ssh": [{"action": "accept", "src": ["group:ops"], "dst": ["tag:edge"], "users": ["ubuntu"]}],
        "sshTests": [{"src": "alice@example.org", "dst": ["tag:edge"], "accept": ["${login}"], "deny": ["root"]}]`;
      assert.deepEqual((await validate(`{${definitions}${ssh("ubuntu")}}`)).json, {});
      assert.equal((await validate(`{${definitions}${ssh("debian")}}`)).json["message"], "test(s) failed");
    });

    it("run by themselves over the policy that is kept", { skip: changesTailnet }, async () => {
      assert.equal((await set(`{${definitions}${inForm["grants"]}${holding}}`)).status, 200);
      const passed = await validate('[{"src": "tag:edge", "accept": ["tag:edge:6443"]}]');
      assert.deepEqual([passed.status, passed.json], [200, {}]);
      const { status, json } = await validate('[{"src": "tag:edge", "accept": ["tag:other:1"]}]');
      const errors = ['address "tag:other:1": want: Accept, got: Drop'];
      assert.deepEqual([status, json], [200, { message: "test(s) failed", data: [{ user: "tag:edge", errors }] }]);
    });
  });

  describe("rules of the policy file in the control server", { skip: changesTailnet }, () => {
    beforeEach(async () => {
      token = await tokenOf(target);
      await emulationOf(target).admin.call("editPolicy", { text: startingPolicy });
    });

    const joinEdge = async (hostname: string) => {
      const body = { capabilities: { devices: { create: { preauthorized: true, ephemeral: true, tags: ["tag:edge"] } } } };
      const { json } = await target.ask("POST", "/tailnet/-/keys", { token, body });
      const result = await emulationOf(target).login(hostname, String(json["key"]), ["--advertise-routes=10.42.1.0/24"]);
      assert.equal(result.code, 0, result.output);
      return result;
    };

    for (const [form, rules] of Object.entries(inForm)) {
      it(`are enforced as ${form}: operators see the tagged server, others do not`, async () => {
        const { admin, login } = emulationOf(target);
        assert.equal((await set(`{${definitions}${rules}}`)).status, 200);
        const server = `server-${form}`;
        const opened = portsOf((await joinEdge(server)).filter);
        assert.deepEqual(opened, ["10.42.0.0/16 0-65535 1,6,17,58", "device 10250 1,6,17,58", "device 6443 6"]);
        const alice = await admin.call("createDeviceKey", { user: "alice@example.org" });
        const bob = await admin.call("createDeviceKey", { user: "bob@example.org" });
        assert.ok((await login(`laptop-${form}`, alice.key)).peers.includes(server));
        assert.deepEqual((await login(`stranger-${form}`, bob.key)).peers, []);
      });
    }

    it("let a person's device take a tag that the person owns, and no other", async () => {
      const { admin, login } = emulationOf(target);
      const owned = definitions.replace('"tag:other": []', '"tag:other": ["group:ops"]');
      assert.equal((await set(`{${owned}"grants": [{"src": ["tag:other"], "dst": ["tag:edge"], "ip": ["*"]}]}`)).status, 200);
      await joinEdge("owned-by-no-person");
      const peersOf = async (user: string, hostname: string, tag: string) => {
        const { key } = await admin.call("createDeviceKey", { user });
        return (await login(hostname, key, [`--advertise-tags=${tag}`])).peers;
      };
      assert.ok((await peersOf("alice@example.org", "tagged-by-owner", "tag:other")).includes("owned-by-no-person"));
      assert.deepEqual(await peersOf("bob@example.org", "tagged-by-stranger", "tag:other"), []);
      assert.deepEqual(await peersOf("alice@example.org", "tagged-beyond", "tag:edge"), []);
    });

    it("allow everything without acls and grants, and nothing with an empty section", async () => {
      assert.equal((await set(`{${definitions}}`)).status, 200);
      assert.deepEqual(portsOf((await joinEdge("open")).filter), ["0.0.0.0/0 0-65535 1,6,17,58", "::/0 0-65535 1,6,17,58"]);
      assert.equal((await set(`{${definitions}"grants": []}`)).status, 200);
      assert.deepEqual((await joinEdge("closed")).filter, []);
    });

    const grant = '"src": ["group:ops"], "dst": ["tag:edge"], "ip": ["*"]';
    const beyondTheLab: readonly (readonly [string, string])[] = [
      ["autogroup:self", '"grants": [{"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]}]'],
      ["app", `"grants": [{${grant}, "app": {"example.com/cap/x": [{}]}}]`],
      ["via", `"grants": [{${grant}, "via": ["tag:edge"]}]`],
      ["srcPosture", `"postures": {"posture:x": ["node:os == 'linux'"]}, "grants": [{${grant}, "srcPosture": ["posture:x"]}]`],
      ["ipset:x", '"ipsets": {"ipset:x": ["10.0.0.0/8"]}, "acls": [{"action": "accept", "src": ["*"], "dst": ["ipset:x:*"]}]'],
    ];
    it("are refused where headscale cannot enforce what the vendor can, never left out", async () => {
      for (const [what, members] of beyondTheLab) {
        const message = `${what} is valid at the vendor, but the lab's control server (headscale) cannot enforce it`;
        const answer = await set(`{${definitions}${members}}`);
        assert.deepEqual([answer.status, answer.json], [400, { message }]);
        assert.deepEqual((await validate(`{${definitions}${members}}`)).json, { message });
      }
      assert.equal(await kept(), startingPolicy);
    });
  });
}

/** Each target, its ports and protocols in short; a device's own addresses are its first in the lab's range. */
function portsOf(filter: readonly FilterRule[]): string[] {
  const targets = filter.flatMap(({ Dsts, IPProto }) => {
    const protocols = [...(IPProto ?? [])].sort((a, b) => a - b).join(",");
    return Dsts.map(({ Net, Ports: { First, Last } }) => {
      const net = /^(100\.|fd7a:)/.test(Net) ? "device" : Net;
      return `${net} ${First === Last ? First : `${First}-${Last}`} ${protocols}`;
    });
  });
  return [...new Set(targets)].sort();
}
