import { ApiError } from "./api-error";
import { splitPorts } from "./check-policy";
import type { PolicyDocument } from "./policy-document";

interface HeadscaleRule {
  readonly action: "accept";
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly proto?: string;
}

/**
 * The document in the words of headscale 0.26, which knows no grants, no tags as owners and no autogroup but autogroup:internet
 * (hscontrol/policy/v2/types.go). Left out because nothing in a lab needs them: ssh, tests, nodeAttrs, postures that no rule names.
 */
export function toHeadscalePolicy(policy: PolicyDocument, knownUsers: readonly string[]): string {
  const expand = (name: string): readonly string[] => expandAlias(policy, knownUsers, name);
  const owners = (names: readonly string[]): readonly string[] => names.filter((name) => name.includes("@") || name.startsWith("group:"));
  const approvers = (names: readonly string[]): readonly string[] => names.filter((name) => !name.startsWith("autogroup:"));
  return JSON.stringify({
    groups: policy.groups ?? {},
    hosts: policy.hosts ?? {},
    tagOwners: mapValues(policy.tagOwners ?? {}, owners),
    acls: [...rulesOfAcls(policy, expand), ...rulesOfGrants(policy, expand), ...ruleOfNoRules(policy)].filter(
      (rule) => rule.src.length > 0 && rule.dst.length > 0,
    ),
    autoApprovers: {
      routes: mapValues(policy.autoApprovers?.routes ?? {}, approvers),
      exitNode: approvers(policy.autoApprovers?.exitNode ?? []),
    },
  });
}

/** Every user that the document names: headscale resolves only users that it has. */
export function usersOf(policy: PolicyDocument): readonly string[] {
  const names = [
    ...Object.values(policy.groups ?? {}).flat(),
    ...Object.values(policy.tagOwners ?? {}).flat(),
    ...Object.values(policy.autoApprovers?.routes ?? {}).flat(),
    ...(policy.autoApprovers?.exitNode ?? []),
    ...[...(policy.acls ?? []), ...(policy.grants ?? [])].flatMap((rule) => [
      ...(rule.src ?? []),
      ...("users" in rule ? (rule.users ?? []) : []),
    ]),
    ...(policy.acls ?? []).flatMap((rule) => (rule.dst ?? rule.ports ?? []).map((destination) => splitPorts(destination).alias)),
    ...(policy.grants ?? []).flatMap((grant) => grant.dst ?? []),
  ];
  return [...new Set(names.filter((name) => name.includes("@")))];
}

function rulesOfAcls(policy: PolicyDocument, expand: (name: string) => readonly string[]): readonly HeadscaleRule[] {
  return (policy.acls ?? []).map((rule) => {
    if ((rule.srcPosture ?? []).length > 0) throw notInTheLab("srcPosture");
    const dst = (rule.dst ?? rule.ports ?? []).flatMap((destination) => {
      const { alias, ports } = splitPorts(destination);
      return expand(alias).map((name) => `${name}:${ports}`);
    });
    return {
      action: "accept",
      src: (rule.src ?? rule.users ?? []).flatMap(expand),
      dst,
      ...(rule.proto === undefined ? {} : { proto: rule.proto }),
    };
  });
}

function rulesOfGrants(policy: PolicyDocument, expand: (name: string) => readonly string[]): readonly HeadscaleRule[] {
  return (policy.grants ?? []).flatMap((grant) => {
    if ((grant.srcPosture ?? []).length > 0) throw notInTheLab("srcPosture");
    if ((grant.via ?? []).length > 0) throw notInTheLab("via");
    return (grant.ip ?? []).map((capability): HeadscaleRule => {
      const [, proto, ports = "*"] = /^(?:([a-z0-9]+):)?(.+)$/.exec(capability) ?? [];
      const dst = (grant.dst ?? []).flatMap(expand).map((name) => `${name}:${ports}`);
      return { action: "accept", src: (grant.src ?? []).flatMap(expand), dst, ...(proto === undefined ? {} : { proto }) };
    });
  });
}

// Without both sections the vendor allows everything; an empty section allows nothing (https://tailscale.com/kb/1337/policy-syntax).
function ruleOfNoRules(policy: PolicyDocument): readonly HeadscaleRule[] {
  return policy.acls === undefined && policy.grants === undefined ? [{ action: "accept", src: ["*"], dst: ["*:*"] }] : [];
}

function expandAlias(policy: PolicyDocument, knownUsers: readonly string[], name: string): readonly string[] {
  if (name.startsWith("ipset:")) throw notInTheLab(name);
  if (!name.startsWith("autogroup:")) return [name];
  switch (name) {
    case "autogroup:internet":
      return [name];
    case "autogroup:danger-all":
      return ["*"];
    case "autogroup:member":
    case "autogroup:members":
      return knownUsers;
    case "autogroup:tagged":
      return Object.keys(policy.tagOwners ?? {});
    default:
      throw notInTheLab(name);
  }
}

function notInTheLab(what: string): ApiError {
  return new ApiError(400, `${what} is valid at the vendor, but the lab's control server (headscale) cannot enforce it`);
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
