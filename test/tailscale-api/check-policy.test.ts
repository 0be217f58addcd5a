import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkPolicy } from "../../lab/tailscale-api/policy/check-policy";
import { parsePolicy, parseTests } from "../../lab/tailscale-api/policy/policy-document";

const DEFINED = `
  "groups": {"group:ops": ["alice@example.org"], "group:empty": []},
  "hosts": {"printer": "192.0.2.9", "office": "192.0.2.0/24"},
  "tagOwners": {"tag:a": [], "tag:b": ["tag:a", "group:ops", "alice@example.org", "autogroup:admin"]},
  "postures": {"posture:linux": ["node:os == 'linux'"]},
  "ipsets": {"ipset:lan": ["add 192.0.2.0/24", "remove printer"]},`;

const check = (members: string): void => checkPolicy(parsePolicy(`{${DEFINED}${members}}`));
const acl = (rule: Readonly<Record<string, unknown>>): string =>
  `"acls": [${JSON.stringify({ action: "accept", src: ["*"], dst: ["*:*"], ...rule })}]`;
const grant = (rule: Readonly<Record<string, unknown>>): string =>
  `"grants": [${JSON.stringify({ src: ["*"], dst: ["*"], ip: ["*"], ...rule })}]`;
const ssh = (rule: Readonly<Record<string, unknown>>): string =>
  `"ssh": [${JSON.stringify({ action: "check", src: ["group:ops"], dst: ["tag:a"], users: ["root"], ...rule })}]`;

describe("the check of a policy file", () => {
  it("takes comments, trailing commas, any spelling of field names, the older field names, and acls beside grants", () => {
    const policy = parsePolicy(`// mine
      {"ACLs": [{"Action": "accept", "Users": ["*"], "Ports": ["*:*"],}], /* and */ "grants": [], "tests": [{"user": "a@b", "allow": []}],}`);
    assert.deepEqual(policy.acls, [{ action: "accept", users: ["*"], ports: ["*:*"] }]);
    assert.deepEqual(policy.tests, [{ user: "a@b", allow: [] }]);
    checkPolicy(policy);
    assert.deepEqual(parsePolicy("null"), {});
    assert.deepEqual(parseTests('[{"src": "tag:a", "deny": ["tag:b:1"],},]'), [{ src: "tag:a", deny: ["tag:b:1"] }]);
  });

  const accepted: readonly string[] = [
    acl({ src: ["tag:a", "group:empty", "alice@example.org", "printer", "10.0.0.0/8", "autogroup:member", "autogroup:danger-all"] }),
    acl({ dst: ["tag:a:22,80-90", "[fd7a::1]:443", "fd00:1::/64:443", "office:*", "autogroup:internet:*", "ipset:lan:1"] }),
    acl({ proto: "icmp" }),
    acl({ proto: "6", dst: ["*:443"] }),
    acl({ proto: "47", srcPosture: ["posture:linux"] }),
    acl({ dst: ["autogroup:self:*"] }),
    grant({ ip: ["tcp:443", "443", "80-90", "icmp:*", "udp:53", "*"] }),
    grant({ ip: [], app: { "example.com/cap/x": [{}], "tailscale.com/cap/kubernetes": [{}] } }),
    grant({ dst: ["autogroup:self"], src: ["autogroup:member", "group:ops"], via: ["tag:a"] }),
    ssh({ checkPeriod: "168h" }),
    ssh({ checkPeriod: "always", action: "accept", dst: ["autogroup:self"], users: ["autogroup:nonroot"], acceptEnv: ["GIT_*"] }),
    '"autoApprovers": {"routes": {"10.42.0.0/16": ["tag:a", "group:ops"]}, "exitNode": ["autogroup:tagged"]}',
    '"nodeAttrs": [{"target": ["*", "tag:a", "printer", "100.64.0.1"], "attr": ["funnel"], "ipPool": ["100.81.0.0/16"]}]',
    grant({ dst: ["svc:web"], ip: ["tcp:443"] }),
    '"autoApprovers": {"services": {"svc:web": ["tag:a"], "tag:b": ["group:ops"]}}',
    '"defaultSrcPosture": ["posture:linux"], "randomizeClientPort": true, "oneCGNATRoute": "", "derpMap": {"regions": {}}',
  ];
  for (const members of accepted) it(`accepts ${members}`, () => assert.doesNotThrow(() => check(members)));

  // Where a message is the vendor's own, a record or a thread shows it: see the files that throw it.
  const refused: readonly (readonly [string, string])[] = [
    ['"acl": []', 'json: unknown field "acl"'],
    ['"acls": [], "acls": []', 'hujson: line 6, column 79: duplicate object member name "acls"'],
    ['"acls": [], "ACLs": []', 'json: field "acls" stands twice, in different spellings'],
    ['"acls": {}', "json: cannot unmarshal object into field acls of type array"],
    [acl({ action: "deny" }), 'action="deny" is not supported'],
    [acl({ dst: ["svc:web:443"] }), 'dst="svc:web:443": "svc:web" can only be used in grants'],
    [grant({ src: ["svc:web"] }), '"svc:web" not valid on the src side of a rule'],
    ['"autoApprovers": {"services": {"svc:web": ["tag:c"]}}', 'autoApprovers=tag not found: "tag:c"'],
    ['"autoApprovers": {"services": {"tag:c": ["tag:a"]}}', 'autoApprovers=tag not found: "tag:c"'],
    ['"autoApprovers": {"services": {"group:ops": ["tag:a"]}}', 'autoApprovers: "group:ops" is neither a service nor a tag'],
    [acl({ src: ["tag:c"] }), 'src=tag not found: "tag:c"'],
    [acl({ src: ["group:c"] }), 'src=group not found: "group:c"'],
    [acl({ src: ["scanner"] }), 'src=host not found: "scanner"'],
    [acl({ src: ["autogroup:everyone"] }), 'src=autogroup not found: "autogroup:everyone"'],
    [acl({ src: ["autogroup:self"] }), '"autogroup:self" not valid on the src side of a rule'],
    [acl({ src: ["10.0.0.0/33"] }), 'src=host not found: "10.0.0.0/33"'],
    [acl({ dst: ["tag:c:22"] }), 'dst="tag:c": tag not found: "tag:c"'],
    [acl({ dst: ["printer"] }), 'dst="printer": hostport must contain a colon (":")'],
    [acl({ dst: ["tag:a"] }), 'dst="tag:a": port range "a": invalid first integer'],
    [acl({ dst: ["tag:a:ssh"] }), 'dst="tag:a:ssh": port range "ssh": invalid first integer'],
    [acl({ dst: ["tag:a:0"] }), 'dst="tag:a:0": port range "0": first port must be >0, or use \'*\' for wildcard'],
    [acl({ dst: ["tag:a:80-"] }), 'dst="tag:a:80-": port range "80-": invalid last integer'],
    [acl({ dst: ["tag:a:90-80"] }), 'dst="tag:a:90-80": port range "90-80": first port is above the last'],
    [acl({ dst: ["tag:a:65536"] }), 'dst="tag:a:65536": port range "65536": invalid first integer'],
    [acl({ proto: "icmp", dst: ["tag:a:1"] }), 'dst="tag:a:1": only tcp, udp and sctp have ports; use "*" as the port'],
    [acl({ proto: "quic" }), 'proto name "quic" not known; use protocol number 0-255 or protocol name (icmp, tcp, udp, etc.)'],
    [acl({ dst: ["autogroup:self:*"], src: ["tag:a"] }), "autogroup:self can only be used with users, groups, or supported autogroups"],
    [acl({ srcPosture: ["posture:mac"] }), 'posture not found: "posture:mac"'],
    [grant({ ip: [] }), "ip and app can not both be empty"],
    [grant({ ip: ["icmp"] }), 'port range "icmp": invalid first integer'],
    [grant({ ip: ["tcp:0"] }), "port range \"0\": first port must be >0, or use '*' for wildcard"],
    [grant({ ip: ["tcp:1:2"] }), "expected only one colon in Internet protocol and port type"],
    [grant({ dst: ["tag:c"] }), 'dst="tag:c": tag not found: "tag:c"'],
    [grant({ dst: ["0.0.0.0/0"] }), 'dst "0.0.0.0/0": to allow all IP addresses, use "*" or "autogroup:internet"'],
    [grant({ dst: ["autogroup:danger-all"] }), "cannot use autogroup:danger-all as a dst"],
    [grant({ dst: ["autogroup:self"] }), "autogroup:self can only be used with users, groups, or supported autogroups"],
    [grant({ via: ["group:ops"] }), "via can only be a tag"],
    [grant({ via: ["tag:c"] }), 'tag "tag:c" not found'],
    [grant({ app: { "https://example.com/x": [] } }), "capability name must have the form {domain}/{path}"],
    [grant({ app: { "tailscale.com/cap/funnel": [] } }), "capability name must not be in the tailscale.com domain"],
    [grant({ app: { "example.com/x": [] }, dst: ["autogroup:internet"] }), "cannot use app grants with autogroup:internet"],
    [ssh({ action: "deny" }), '"deny" is not a valid action'],
    [ssh({ action: "" }), "action must be specified"],
    [ssh({ users: [] }), "users must be specified"],
    [ssh({ users: ["*"] }), 'user "*" is not valid'],
    [ssh({ dst: ["printer"] }), 'invalid dst "printer"'],
    [ssh({ src: ["tag:c"] }), 'src=tag not found: "tag:c"'],
    [ssh({ checkPeriod: "200h" }), "checkPeriod 200h0m0s is above the max (168h)"],
    [ssh({ checkPeriod: "-1m" }), "checkPeriod -1m0s must be a positive duration"],
    [ssh({ checkPeriod: "soon" }), 'time: invalid duration "soon"'],
    [ssh({ acceptEnv: [""] }), "acceptEnv values cannot be empty"],
    ['"autoApprovers": {"routes": {"10.42.0.0": ["tag:c"]}}', 'autoApprovers=tag not found: "tag:c"'],
    ['"autoApprovers": {"routes": {"pods": ["tag:a"]}}', 'autoApprovers: invalid route "pods"'],
    ['"autoApprovers": {"exitNode": ["*"]}', 'autoApprovers: "*" is not a user, group, autogroup or tag'],
    ['"nodeAttrs": [{"target": ["tag:c"], "attr": []}]', 'tag not found: "tag:c"'],
    ['"nodeAttrs": [{"target": ["%bogus%"], "attr": []}]', '"%bogus%": invalid address'],
    ['"nodeAttrs": [{"target": ["tag:a"], "ipPool": ["100.100.100.0/24"]}]', "IPPool(100.100.100.0/24): network within reserved range"],
    ['"defaultSrcPosture": ["posture:mac"]', 'posture not found: "posture:mac"'],
    [
      `${acl({ src: ["autogroup:member"] })}, ${grant({ src: ["autogroup:members"] })}`,
      "cannot use both autogroup:member and autogroup:members",
    ],
  ];
  for (const [members, message] of refused) it(`refuses ${members}`, () => assert.throws(() => check(members), { status: 400, message }));

  const illDefined: readonly (readonly [string, string])[] = [
    ['{"groups": {"ops": []}}', 'groups["ops"]: group names start with "group:"'],
    ['{"groups": {"group:a": ["group:b"]}}', 'groups["group:a"]: "group:b": group members cannot be recursive'],
    ['{"groups": {"group:a": ["tag:b"]}}', 'groups["group:a"]: invalid member "tag:b": members are users'],
    ['{"hosts": {"a": "b"}}', 'hosts["a"]: "b": invalid address'],
    ['{"hosts": {"tag:a": "192.0.2.1"}}', 'hosts["tag:a"]: "tag:a" cannot be the name of a host'],
    ['{"tagOwners": {"a": []}}', 'tagOwners["a"]: tag names must start with "tag:"'],
    ['{"tagOwners": {"tag:1": []}}', "tagOwners[\"tag:1\"]: tag names must start with a letter, after 'tag:'"],
    ['{"tagOwners": {"tag:a_b": []}}', 'tagOwners["tag:a_b"]: tag names can only contain numbers, letters, or dashes'],
    ['{"tagOwners": {"tag:a": ["tag:b"]}}', 'tagOwners["tag:a"]=tag not found: "tag:b"'],
    ['{"tagOwners": {"tag:a": ["192.0.2.1"]}}', 'tagOwners["tag:a"]: "192.0.2.1" is not a user, group, autogroup or tag'],
    ['{"tagOwners": {"tag:a": ["autogroup:internet"]}}', 'tagOwners["tag:a"]: "autogroup:internet" is not a user, group, autogroup or tag'],
    ['{"ipsets": {"ipset:a": ["add b"]}}', 'ipsets["ipset:a"]=host not found: "b"'],
    ['{"postures": {"linux": ["x"]}}', 'postures["linux"]: posture names start with "posture:"'],
    ['{"acls": [}', "hujson: line 1, column 11: ValueExpected"],
    ["", "hujson: line 1, column 1: ValueExpected"],
  ];
  for (const [text, message] of illDefined)
    it(`refuses ${text || "an empty text"}`, () => assert.throws(() => checkPolicy(parsePolicy(text)), { status: 400, message }));
});
