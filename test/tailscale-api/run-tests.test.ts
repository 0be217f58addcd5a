import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkPolicy } from "../../lab/tailscale-api/policy/check-policy";
import { TAILNET_OWNER } from "../../lab/tailscale-api/policy/endpoints";
import type { Tailnet } from "../../lab/tailscale-api/policy/endpoints";
import type { PolicyDocument, PolicyTest } from "../../lab/tailscale-api/policy/policy-document";
import { runTests } from "../../lab/tailscale-api/policy/run-tests";

const base: PolicyDocument = {
  groups: { "group:ops": ["alice@example.org", "bob@example.org"], "group:synced": [] },
  hosts: { server: "100.64.0.1", pods: "10.42.0.0/16", pod: "10.42.1.5" },
  tagOwners: { "tag:k3s": [], "tag:other": [], "tag:unused": [] },
};

const tailnet: Tailnet = {
  devices: [
    { addresses: ["100.64.0.1", "fd7a:115c:a1e0::1"], tags: ["tag:k3s"] },
    { addresses: ["100.64.0.2"], tags: ["tag:other"] },
    { addresses: ["100.64.0.3"], tags: [], user: "alice@example.org" },
    { addresses: ["100.64.0.4"], tags: [], user: "carol@example.org" },
  ],
  routes: ["10.42.1.0/24"],
};

/** What the cluster's nodes, pods and operators need, once in either form. */
const least: Readonly<Record<string, PolicyDocument>> = {
  acls: {
    acls: [
      { action: "accept", src: ["tag:k3s"], proto: "tcp", dst: ["tag:k3s:6443,10250"] },
      { action: "accept", src: ["tag:k3s", "pods"], dst: ["pods:*"] },
      { action: "accept", src: ["group:ops"], proto: "tcp", dst: ["tag:k3s:6443"] },
    ],
  },
  grants: {
    grants: [
      { src: ["tag:k3s"], dst: ["tag:k3s"], ip: ["tcp:6443", "tcp:10250"] },
      { src: ["tag:k3s", "pods"], dst: ["pods"], ip: ["*"] },
      { src: ["group:ops"], dst: ["tag:k3s"], ip: ["tcp:6443"] },
    ],
  },
  both: {
    acls: [{ action: "accept", src: ["tag:k3s"], dst: ["tag:k3s:6443,10250"] }],
    grants: [
      { src: ["tag:k3s", "pods"], dst: ["10.42.0.0/16"], ip: ["1-65535"] },
      { src: ["group:ops"], dst: ["server"], ip: ["tcp:6443"] },
      { src: ["group:ops"], dst: ["tag:k3s"], ip: ["6443"] },
    ],
  },
};

const run = (rules: PolicyDocument, ...tests: readonly PolicyTest[]) => {
  const policy = { ...base, ...rules };
  checkPolicy(policy);
  return runTests(policy, tests, tailnet);
};

const passes = (rules: PolicyDocument, test: PolicyTest): void => assert.deepEqual(run(rules, test), []);
const failsWith = (rules: PolicyDocument, test: PolicyTest, ...errors: readonly string[]): void =>
  assert.deepEqual(run(rules, test), [{ user: test.src ?? test.user ?? "", errors }]);

describe("the run of a policy's tests", () => {
  for (const [form, rules] of Object.entries(least)) {
    it(`finds least privilege in rules written as ${form}`, () => {
      passes(rules, {
        src: "tag:k3s",
        accept: ["tag:k3s:6443", "tag:k3s:10250", "pod:80"],
        deny: ["tag:k3s:22", "tag:other:6443", "8.8.8.8:443"],
      });
      passes(rules, { src: "pod", accept: ["10.42.7.9:1"], deny: ["tag:k3s:10250", "server:6443"] });
      passes(rules, { src: "group:ops", proto: "tcp", accept: ["tag:k3s:6443", "server:6443"], deny: ["tag:k3s:22", "pod:80"] });
      passes(rules, { src: "tag:other", deny: ["tag:k3s:6443", "pod:80"] });
      passes(rules, { src: "carol@example.org", deny: ["tag:k3s:6443", "100.64.0.1:6443"] });
    });
  }

  it("tells each failed destination of each failed test in the API's form", () => {
    const failed = run(
      least["grants"] ?? {},
      { src: "tag:other", accept: ["tag:k3s:6443"] },
      { src: "tag:k3s", accept: ["pod:1"] },
      { user: "alice@example.org", allow: ["tag:k3s:22"], deny: ["server:6443", "pod:1"] },
    );
    assert.deepEqual(failed, [
      { user: "tag:other", errors: ['address "tag:k3s:6443": want: Accept, got: Drop'] },
      {
        user: "alice@example.org",
        errors: ['address "tag:k3s:22": want: Accept, got: Drop', 'address "server:6443": want: Drop, got: Accept'],
      },
    ]);
  });

  it("allows everything where there is neither acls nor grants, and nothing where either is empty", () => {
    passes({}, { src: "tag:k3s", accept: ["tag:other:1"] });
    passes({ acls: [] }, { src: "tag:k3s", deny: ["tag:other:1"] });
    passes({ grants: [] }, { src: "tag:k3s", deny: ["tag:other:1"] });
  });

  it('takes "*" as a source for devices and approved routes only', () => {
    const all: PolicyDocument = { grants: [{ src: ["*"], dst: ["*"], ip: ["*"] }] };
    passes(all, { src: "tag:unused", accept: ["10.0.0.1:1"] });
    passes(all, { src: "10.42.1.5", accept: ["server:1"] });
    passes(all, { src: "10.42.2.5", deny: ["server:1"] });
    passes({ grants: [{ src: ["autogroup:danger-all"], dst: ["*"], ip: ["*"] }] }, { src: "10.42.2.5", accept: ["server:1"] });
  });

  it("tells protocols apart: without one a test is of TCP or UDP, and so are rules, with ICMP", () => {
    const web: PolicyDocument = { grants: [{ src: ["tag:k3s"], dst: ["tag:other"], ip: ["udp:53"] }] };
    passes(web, { src: "tag:k3s", accept: ["tag:other:53"] });
    passes(web, { src: "tag:k3s", proto: "udp", accept: ["tag:other:53"] });
    passes(web, { src: "tag:k3s", proto: "17", accept: ["tag:other:53"] });
    passes(web, { src: "tag:k3s", proto: "tcp", deny: ["tag:other:53"] });
    passes({}, { src: "tag:k3s", proto: "sctp", deny: ["tag:other:53"] });
    passes({ acls: [{ action: "accept", src: ["*"], proto: "icmp", dst: ["*:*"] }] }, { src: "tag:k3s", deny: ["tag:other:53"] });
    failsWith({}, { src: "tag:k3s", proto: "icmp", accept: ["tag:other:1"] }, 'proto "icmp" cannot be tested');
  });

  it("takes ranges of ports with both their ends", () => {
    const ports: PolicyDocument = { acls: [{ action: "accept", src: ["*"], dst: ["tag:k3s:22,80-90"] }] };
    passes(ports, {
      src: "tag:other",
      accept: ["tag:k3s:22", "tag:k3s:80", "tag:k3s:90"],
      deny: ["tag:k3s:21", "tag:k3s:23", "tag:k3s:79", "tag:k3s:91"],
    });
  });

  it("resolves addresses to devices, groups to members and autogroups to roles", () => {
    const rules = (src: string, dst = "*"): PolicyDocument => ({ grants: [{ src: [src], dst: [dst], ip: ["*"] }] });
    passes(rules("tag:other"), { src: "100.64.0.2", accept: ["server:1"] });
    passes(rules("100.64.0.2"), { src: "100.64.0.2", accept: ["server:1"] });
    passes(rules("*", "tag:k3s"), { src: "tag:other", accept: ["[fd7a:115c:a1e0::1]:22"], deny: ["100.64.0.2:22"] });
    passes(rules("tag:k3s", "100.64.0.2"), { src: "tag:k3s", accept: ["tag:other:1"], deny: ["tag:unused:1"] });
    passes(rules("100.64.0.1", "tag:other"), { src: "tag:k3s", accept: ["tag:other:1"] });
    passes(rules("group:synced"), { src: "group:synced", accept: ["server:1"] });
    passes(rules("alice@example.org"), { src: "100.64.0.3", accept: ["server:1"] });
    failsWith(rules("alice@example.org"), { src: "group:ops", accept: ["server:1"] }, 'address "server:1": want: Accept, got: Drop');
    failsWith(rules("alice@example.org"), { src: "group:ops", deny: ["server:1"] }, 'address "server:1": want: Drop, got: Accept');
    passes(rules("autogroup:member"), { src: "dave@example.org", accept: ["server:1"] });
    passes(rules("autogroup:member"), { src: "tag:k3s", deny: ["server:1"] });
    passes(rules("autogroup:tagged"), { src: "tag:unused", accept: ["server:1"] });
    passes(rules("autogroup:admin"), { src: TAILNET_OWNER, accept: ["server:1"] });
    passes(rules("autogroup:admin"), { src: "alice@example.org", deny: ["server:1"] });
    passes(rules("tag:k3s", "autogroup:internet"), { src: "tag:k3s", accept: ["8.8.8.8:53"], deny: ["10.0.0.1:53", "tag:other:53"] });
    passes(rules("autogroup:member", "autogroup:self"), {
      src: "alice@example.org",
      accept: ["alice@example.org:22"],
      deny: ["carol@example.org:22", "tag:k3s:22"],
    });
  });

  const unusable: readonly (readonly [PolicyTest, string])[] = [
    [{ accept: ["server:1"] }, "user is invalid"],
    [{ src: "*", accept: ["server:1"] }, "user is invalid"],
    [{ src: "autogroup:member", accept: ["server:1"] }, "user is invalid"],
    [{ src: "tag:gone", accept: ["server:1"] }, 'tag not found: "tag:gone"'],
    [{ src: "group:gone", accept: ["server:1"] }, 'group not found: "group:gone"'],
    [{ src: "pods", accept: ["server:1"] }, "a range of addresses cannot be tested"],
    [{ src: "tag:k3s" }, "nothing to accept or deny"],
    [{ src: "tag:k3s", accept: ["server"] }, 'address "server": hostport must contain a colon (":")'],
    [{ src: "tag:k3s", accept: ["server:*"] }, 'address "server:*": port "*" is not a single port'],
    [{ src: "tag:k3s", accept: ["server:80,443"] }, 'address "server:80,443": port "80,443" is not a single port'],
    [{ src: "tag:k3s", deny: ["server:1-2"] }, 'address "server:1-2": port "1-2" is not a single port'],
    [{ src: "tag:k3s", deny: ["server:70000"] }, 'address "server:70000": port "70000" is not a single port'],
    [{ src: "tag:k3s", deny: ["*:1"] }, 'address "*:1": "*" cannot be tested'],
    [{ src: "tag:k3s", deny: ["autogroup:internet:1"] }, 'address "autogroup:internet:1": "autogroup:internet" cannot be tested'],
    [{ src: "tag:k3s", deny: ["tag:gone:1"] }, 'address "tag:gone:1": tag not found: "tag:gone"'],
    [{ src: "tag:k3s", deny: ["printer:1"] }, 'address "printer:1": host not found: "printer"'],
    [{ src: "tag:k3s", deny: ["pods:1"] }, 'address "pods:1": a range of addresses cannot be tested'],
    [{ src: "tag:k3s", deny: ["100.64.0.1/32:1"] }, 'address "100.64.0.1/32:1": a range of addresses cannot be tested'],
  ];
  for (const [test, error] of unusable) it(`fails ${JSON.stringify(test)}`, () => failsWith({ acls: [] }, test, error));
});
