import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkPolicy } from "../../lab/tailscale-api/policy/check-policy";
import { TAILNET_OWNER } from "../../lab/tailscale-api/policy/endpoints";
import { toHeadscalePolicy, usersOf } from "../../lab/tailscale-api/policy/headscale-policy";
import type { PolicyDocument } from "../../lab/tailscale-api/policy/policy-document";

const users = [TAILNET_OWNER, "alice@example.org", "bob@example.org"];
const base: PolicyDocument = {
  groups: { "group:ops": ["alice@example.org"] },
  hosts: { pods: "10.42.0.0/16" },
  tagOwners: { "tag:k3s": ["tag:admin", "group:ops"], "tag:admin": [], "tag:any": ["autogroup:member"] },
  ipsets: { "ipset:lan": ["192.0.2.0/24"] },
  postures: { "posture:linux": ["node:os == 'linux'"] },
};

const translate = (policy: PolicyDocument): PolicyDocument => {
  checkPolicy({ ...base, ...policy });
  return JSON.parse(toHeadscalePolicy({ ...base, ...policy }, users)) as PolicyDocument;
};

describe("the translation of a policy for headscale", () => {
  it("writes each capability of a grant as a rule, and keeps rules of acls", () => {
    const { acls } = translate({
      acls: [
        { action: "accept", src: ["group:ops"], dst: ["tag:k3s:22,80-90", "[fd7a::1]:443"] },
        { action: "accept", users: ["*"], ports: ["pods:*"], proto: "icmp" },
      ],
      grants: [{ src: ["tag:k3s", "pods"], dst: ["tag:k3s", "10.42.0.0/16"], ip: ["tcp:443", "80-90", "*", "udp:*", "icmp:*"] }],
    });
    const src = ["tag:k3s", "pods"];
    const dst = (ports: string): string[] => [`tag:k3s:${ports}`, `10.42.0.0/16:${ports}`];
    assert.deepEqual(acls, [
      { action: "accept", src: ["group:ops"], dst: ["tag:k3s:22,80-90", "fd7a::1:443"] },
      { action: "accept", src: ["*"], dst: ["pods:*"], proto: "icmp" },
      { action: "accept", src, dst: dst("443"), proto: "tcp" },
      { action: "accept", src, dst: dst("80-90") },
      { action: "accept", src, dst: dst("*") },
      { action: "accept", src, dst: dst("*"), proto: "udp" },
      { action: "accept", src, dst: dst("*"), proto: "icmp" },
    ]);
  });

  it("allows everything without acls and grants, which headscale would take for nothing, and nothing where either is empty", () => {
    assert.deepEqual(translate({}).acls, [{ action: "accept", src: ["*"], dst: ["*:*"] }]);
    assert.deepEqual(translate({ acls: [] }).acls, []);
    assert.deepEqual(translate({ grants: [] }).acls, []);
  });

  it("expands the autogroups that headscale does not know and the lab can tell", () => {
    const expanded = (src: string): unknown => translate({ grants: [{ src: [src], dst: ["*"], ip: ["*"] }] }).acls?.[0]?.src;
    assert.deepEqual(expanded("autogroup:member"), users);
    assert.deepEqual(expanded("autogroup:tagged"), ["tag:k3s", "tag:admin", "tag:any"]);
    assert.deepEqual(expanded("autogroup:admin"), [TAILNET_OWNER]);
    assert.deepEqual(expanded("autogroup:danger-all"), ["*"]);
    assert.equal(expanded("autogroup:shared"), undefined, "nobody: no rule");
  });

  it("gives tags to the persons that own them: an empty list means the administrators, and tags own through keys only", () => {
    assert.deepEqual(translate({}).tagOwners, { "tag:k3s": ["group:ops"], "tag:admin": [TAILNET_OWNER], "tag:any": users });
  });

  it("keeps approvers, autogroups among them", () => {
    const routes = { "10.42.0.0/16": ["tag:k3s", "autogroup:admin"] };
    const { autoApprovers } = translate({ autoApprovers: { routes, exitNode: ["autogroup:tagged"] } });
    assert.deepEqual(autoApprovers, {
      routes: { "10.42.0.0/16": ["tag:k3s", TAILNET_OWNER] },
      exitNode: ["tag:k3s", "tag:admin", "tag:any"],
    });
  });

  it("names every user that headscale has to know", () => {
    const policy: PolicyDocument = {
      ...base,
      acls: [{ action: "accept", src: ["carol@example.org"], dst: ["dave@example.org:22"] }],
      grants: [{ src: ["erin@example.org"], dst: ["autogroup:internet"], ip: ["*"] }],
    };
    const named = ["alice@example.org", "carol@example.org", "dave@example.org", "erin@example.org"];
    assert.deepEqual(usersOf(policy), [TAILNET_OWNER, ...named]);
  });

  const grant = { src: ["group:ops"], dst: ["tag:k3s"], ip: ["*"] };
  it("gives nobody anything by rules for a Service, which has no address here", () => {
    const services = { "svc:web": ["tag:k3s"] };
    const { acls, autoApprovers } = translate({ acls: [], grants: [{ ...grant, dst: ["svc:web"] }], autoApprovers: { services } });
    assert.deepEqual([acls, autoApprovers], [[], { routes: {}, exitNode: [] }]);
  });

  const refused: readonly (readonly [string, PolicyDocument])[] = [
    ["app", { grants: [{ ...grant, app: { "example.com/cap/x": [{}] } }] }],
    ["via", { grants: [{ ...grant, via: ["tag:k3s"] }] }],
    ["srcPosture", { grants: [{ ...grant, srcPosture: ["posture:linux"] }] }],
    ["srcPosture", { acls: [{ action: "accept", src: ["*"], dst: ["*:*"], srcPosture: ["posture:linux"] }] }],
    ["defaultSrcPosture", { defaultSrcPosture: ["posture:linux"] }],
    ["autogroup:self", { grants: [{ ...grant, dst: ["autogroup:self"] }] }],
    ["ipset:lan", { grants: [{ ...grant, dst: ["ipset:lan"] }] }],
    ["user:*@example.org", { grants: [{ ...grant, src: ["user:*@example.org"] }] }],
    ["srcPosture", { ssh: [{ action: "accept", src: ["group:ops"], dst: ["tag:k3s"], users: ["root"], srcPosture: ["posture:linux"] }] }],
    ["ipPool", { nodeAttrs: [{ target: ["*"], ipPool: ["100.81.0.0/16"] }] }],
    ["disableIPv4", { disableIPv4: true }],
    ["derpMap", { derpMap: { regions: {} } }],
  ];
  for (const [what, policy] of refused) {
    const message = `${what} is valid at the vendor, but the lab's control server (headscale) cannot enforce it`;
    it(`refuses ${JSON.stringify(policy)}`, () => assert.throws(() => translate(policy), { status: 400, message }));
  }
});
