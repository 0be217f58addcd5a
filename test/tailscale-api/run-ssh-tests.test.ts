import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkPolicy } from "../../lab/tailscale-api/policy/check-policy";
import type { PolicyDocument, SshRule, SshTest } from "../../lab/tailscale-api/policy/policy-document";
import { runSshTests } from "../../lab/tailscale-api/policy/run-ssh-tests";

const base: PolicyDocument = {
  groups: { "group:ops": ["alice@example.org"] },
  hosts: { server: "100.64.0.1", lan: "192.0.2.0/24" },
  tagOwners: { "tag:a": [], "tag:b": [] },
};
const tailnet = { devices: [{ addresses: ["100.64.0.1"], tags: ["tag:a"] }], routes: [] };

const run = (rules: readonly SshRule[], test: SshTest) => {
  const policy = { ...base, ssh: rules, sshTests: [test] };
  checkPolicy(policy);
  return runSshTests(policy, policy.sshTests, tailnet);
};
const rule = (more: SshRule = {}): SshRule => ({ action: "accept", src: ["group:ops"], dst: ["tag:a"], users: ["ubuntu"], ...more });
const passes = (rules: readonly SshRule[], test: SshTest): void => assert.deepEqual(run(rules, test), []);

describe("the run of a policy's SSH tests", () => {
  it("tells logins apart, by name and by the shorthands for all but root and for the person's own", () => {
    passes([rule()], { src: "alice@example.org", dst: ["tag:a", "server", "100.64.0.1"], accept: ["ubuntu"], deny: ["root"] });
    passes([rule({ users: ["autogroup:nonroot"] })], { src: "group:ops", dst: ["tag:a"], accept: ["any"], deny: ["root"] });
    passes([rule({ users: ["localpart:*@example.org"] })], { src: "alice@example.org", dst: ["tag:a"], accept: ["alice"], deny: ["bob"] });
    passes([rule({ src: ["tag:b"] })], { src: "tag:b", dst: ["tag:a"], accept: ["ubuntu"] });
    passes([rule()], { src: "bob@example.org", dst: ["tag:a"], deny: ["ubuntu"] });
    passes([rule()], { src: "alice@example.org", dst: ["tag:b"], deny: ["ubuntu"] });
  });

  it("puts check rules before accept rules, and knows a person's own devices", () => {
    passes([rule(), rule({ action: "check" })], { src: "alice@example.org", dst: ["tag:a"], check: ["ubuntu"] });
    const own = rule({ action: "check", src: ["autogroup:member"], dst: ["autogroup:self"] });
    passes([own], { src: "bob@example.org", dst: ["bob@example.org"], check: ["ubuntu"] });
    passes([own], { src: "bob@example.org", dst: ["alice@example.org", "tag:a"], deny: ["ubuntu"] });
  });

  it("tells what was wanted and what was found", () => {
    const failed = run([rule()], { src: "alice@example.org", dst: ["tag:a"], accept: ["root"], check: ["ubuntu"], deny: ["ubuntu"] });
    const found = (login: string, outcomes: string): string => `src "alice@example.org", dst "tag:a", ssh user "${login}": ${outcomes}`;
    assert.deepEqual(failed, [
      {
        user: "alice@example.org",
        errors: [
          found("root", 'want: "accept" got: "deny"'),
          found("ubuntu", 'want: "check" got: "accept"'),
          found("ubuntu", 'want: "deny" got: "accept"'),
        ],
      },
    ]);
  });

  it("fails tests of nothing, of nobody and of no login", () => {
    const errors = (test: SshTest): unknown => run([rule()], test)[0]?.errors;
    assert.deepEqual(errors({ src: "group:ops", dst: ["tag:a"] }), ["nothing to accept, check or deny"]);
    assert.deepEqual(errors({ dst: ["tag:a"], accept: ["ubuntu"] }), ["user is invalid"]);
    assert.deepEqual(errors({ src: "group:ops", dst: ["tag:a"], accept: [""] }), ['user "" is not valid']);
  });

  it("refuses destinations that no SSH test may have", () => {
    const refused = (dst: string, message: string): void =>
      assert.throws(() => run([rule()], { src: "group:ops", dst: [dst], accept: ["ubuntu"] }), { status: 400, message });
    refused("autogroup:internet", 'SSH tests dst contains disallowed element "autogroup:internet"');
    refused("100.64.0.0/24", 'SSH tests dst contains disallowed element "100.64.0.0/24"');
    refused("lan", 'SSH tests dst contains disallowed element "lan"');
    refused("tag:a:22", 'SSH tests dst contains unknown tag "tag:a:22"');
  });
});
