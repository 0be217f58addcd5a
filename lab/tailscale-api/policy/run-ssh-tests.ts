import type { FailedTest } from "../api-error";
import { quote } from "./check-names";
import { endpointsOf, means } from "./endpoints";
import type { Endpoint, Tailnet } from "./endpoints";
import type { PolicyDocument, SshRule, SshTest } from "./policy-document";
import { sourceFault } from "./run-tests";

type Outcome = "accept" | "check" | "deny";

/**
 * Runs SSH tests over a checked policy's ssh rules alone: whether the network lets port 22 through is no part of them (recorded:
 * sshtest-mixed-acls-tcp22-deny-ssh-rule-allow). https://tailscale.com/kb/1337/policy-syntax#ssh-tests
 */
export function runSshTests(policy: PolicyDocument, tests: readonly SshTest[], tailnet: Tailnet): readonly FailedTest[] {
  return tests.flatMap((test) => {
    const errors = errorsOf(policy, tailnet, test);
    return errors.length === 0 ? [] : [{ user: test.src ?? "", errors }];
  });
}

function errorsOf(policy: PolicyDocument, tailnet: Tailnet, test: SshTest): readonly string[] {
  const { src = "", dst = [], accept = [], check = [], deny = [] } = test;
  const logins = [...accept, ...check, ...deny];
  // Recorded as failing; the vendor's words for them are not known.
  const fault = sourceFault(policy, src) ?? (logins.length === 0 ? "nothing to accept, check or deny" : undefined);
  if (fault !== undefined) return [fault];
  if (logins.includes("")) return [`user "" is not valid`];
  const sources = endpointsOf(policy, tailnet, src);
  const wants = (wanted: Outcome, login: string): readonly string[] =>
    dst.flatMap((name) => {
      const pairs = sources.flatMap((from) => endpointsOf(policy, tailnet, name).map((to) => outcomeOf(policy, tailnet, from, to, login)));
      const other = pairs.find((outcome) => outcome !== wanted);
      // The form: tailscale/tailscale#14222, which shows addresses beside the names.
      return other === undefined
        ? []
        : [`src ${quote(src)}, dst ${quote(name)}, ssh user ${quote(login)}: want: "${wanted}" got: "${other}"`];
    });
  return [
    ...accept.flatMap((login) => wants("accept", login)),
    ...check.flatMap((login) => wants("check", login)),
    ...deny.flatMap((login) => wants("deny", login)),
  ];
}

/** Check rules come before accept rules (https://tailscale.com/kb/1337/policy-syntax#order-of-evaluation). */
function outcomeOf(policy: PolicyDocument, tailnet: Tailnet, from: Endpoint, to: Endpoint, login: string): Outcome {
  const actions = (policy.ssh ?? [])
    .filter((rule) => allows(policy, tailnet, rule, from, to, login))
    .map(({ action = "" }) => action.trim());
  if (actions.includes("check")) return "check";
  return actions.includes("accept") ? "accept" : "deny";
}

function allows(policy: PolicyDocument, tailnet: Tailnet, rule: SshRule, from: Endpoint, to: Endpoint, login: string): boolean {
  return (
    (rule.src ?? []).some((name) => means(policy, tailnet, "src", name.trim(), from, to)) &&
    (rule.dst ?? []).some((name) => means(policy, tailnet, "dst", name.trim(), to, from)) &&
    (rule.users ?? []).some((user) => mayLogIn(user, from, login))
  );
}

function mayLogIn(user: string, from: Endpoint, login: string): boolean {
  if (user === "autogroup:nonroot") return login !== "root";
  const domain = /^localpart:\*@(.+)$/.exec(user)?.[1];
  return domain === undefined ? user.trim() === login : from.user === `${login}@${domain}`;
}
