import { ApiError } from "../api-error";
import type { NameKind } from "./names";
import { kindOf } from "./names";
import type { PolicyDocument } from "./policy-document";

// Most wordings of refusals in this folder were seen at the vendor's service: they are the answers recorded in juanfont/headscale v0.29
// (hscontrol/policy/v2/testdata). Those that no record shows are in the same style; comments below say which.
export const refuse = (message: string): ApiError => new ApiError(400, message);
export const quote = (name: string): string => JSON.stringify(name);

/** https://tailscale.com/kb/1337/policy-syntax#autogroups; nonroot is a login name in ssh rules, not a set of devices. */
const autogroups: readonly string[] = [
  ...["internet", "self", "owner", "admin", "member", "members", "tagged", "auditor", "billing-admin", "it-admin", "network-admin"],
  ...["shared", "danger-all"],
].map((name) => `autogroup:${name}`);

/** Autogroups that name roles or members: the only ones that may own a tag or approve a route. */
const userAutogroups = autogroups.filter((name) => !/:(internet|self|shared|danger-all)$/.test(name));

/** What is wrong with a reference, or undefined. */
export function faultOf(policy: PolicyDocument, name: string): string | undefined {
  const kind = kindOf(name);
  switch (kind) {
    case "tag":
      return policy.tagOwners?.[name] === undefined ? `tag not found: ${quote(name)}` : undefined;
    // The record shows tags only; the others follow their pattern.
    case "group":
      return policy.groups?.[name] === undefined ? `group not found: ${quote(name)}` : undefined;
    case "ipset":
      return policy.ipsets?.[name] === undefined ? `ipset not found: ${quote(name)}` : undefined;
    case "host":
      return policy.hosts?.[name] === undefined ? `host not found: ${quote(name)}` : undefined;
    case "autogroup":
      return autogroups.includes(name) ? undefined : `autogroup not found: ${quote(name)}`;
    case "any":
    case "service":
    case "domain":
    case "user":
    case "network":
      return undefined;
  }
}

/** Refuses a name that stands for nothing, or for something that may not stand there. */
export function checkOwner(policy: PolicyDocument, where: string, name: string): void {
  const allowed: readonly NameKind[] = ["user", "group", "tag", "domain", "autogroup"];
  const fault = faultOf(policy, name);
  if (fault !== undefined) throw refuse(`${where}=${fault}`);
  if (!allowed.includes(kindOf(name)) || (kindOf(name) === "autogroup" && !userAutogroups.includes(name)))
    throw refuse(`${where}: ${quote(name)} is not a user, group, autogroup or tag`);
}

/** Both spellings in one file are refused (https://tailscale.com/kb/1337/policy-syntax#autogroups). */
export function checkMemberSpelling(policy: PolicyDocument): void {
  const text = JSON.stringify(policy);
  if (/"autogroup:member[":]/.test(text) && /"autogroup:members[":]/.test(text))
    throw refuse("cannot use both autogroup:member and autogroup:members");
}
