import { notInTheLab } from "../api-error";
import { TAILNET_OWNER } from "./endpoints";
import { kindOf } from "./names";
import { networkRules } from "./network-rules";
import type { PolicyDocument } from "./policy-document";

interface HeadscaleRule {
  readonly action: "accept";
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly proto?: string;
}

/**
 * The checked document in the words of headscale 0.26, which knows no grants, no tags as owners and no autogroup but autogroup:internet
 * (hscontrol/policy/v2/types.go), and ignores what it does not know. What it could not enforce is refused. Checked but given to nobody,
 * since nothing in a lab asks for it: ssh rules, attributes of nodes, postures and IP sets that no rule names. Nor do rules for Services give
 * anybody anything: headscale has no address for one, so that nobody reaches one and no host of one is approved, whatever they say.
 * As a source, "*" means all addresses to headscale and devices and approved routes to the vendor.
 */
export function toHeadscalePolicy(policy: PolicyDocument, knownUsers: readonly string[]): string {
  refuseUnenforceable(policy);
  const expand = (name: string): readonly string[] => expandName(policy, knownUsers, name);
  const acls = networkRules(policy).map(({ src, targets, proto }): HeadscaleRule => {
    const dst = targets.flatMap(({ name, ports }) => expand(name).map((expanded) => `${expanded}:${ports}`));
    return { action: "accept", src: src.flatMap(expand), dst, ...(proto === undefined ? {} : { proto }) };
  });
  // A tag may own a tag only where keys are made, which tag-ownership.ts sees to; [] is short for the administrators.
  const owners = (names: readonly string[]): readonly string[] =>
    names.length === 0 ? [TAILNET_OWNER] : names.filter((name) => kindOf(name) !== "tag").flatMap((name) => personsOf(expand, name));
  const approvers = (names: readonly string[]): readonly string[] => names.flatMap(expand);
  return JSON.stringify({
    groups: policy.groups ?? {},
    hosts: policy.hosts ?? {},
    tagOwners: mapValues(policy.tagOwners ?? {}, owners),
    // Nobody is meant by a rule for an empty autogroup; headscale refuses an empty list.
    acls: acls.filter((rule) => rule.src.length > 0 && rule.dst.length > 0),
    autoApprovers: {
      routes: mapValues(policy.autoApprovers?.routes ?? {}, approvers),
      exitNode: approvers(policy.autoApprovers?.exitNode ?? []),
    },
  });
}

/** Every user that the translation names: headscale resolves only users that it has. */
export function usersOf(policy: PolicyDocument): readonly string[] {
  const names = [
    TAILNET_OWNER,
    ...Object.values(policy.groups ?? {}).flat(),
    ...Object.values(policy.tagOwners ?? {}).flat(),
    ...Object.values(policy.autoApprovers?.routes ?? {}).flat(),
    ...(policy.autoApprovers?.exitNode ?? []),
    ...networkRules(policy).flatMap(({ src, targets }) => [...src, ...targets.map(({ name }) => name)]),
  ];
  return [...new Set(names.filter((name) => kindOf(name) === "user"))];
}

function refuseUnenforceable(policy: PolicyDocument): void {
  const { acls = [], grants = [], defaultSrcPosture = [], nodeAttrs = [], ssh = [], disableIPv4 = false } = policy;
  if ([...acls, ...grants, ...ssh].some(({ srcPosture = [] }) => srcPosture.length > 0)) throw notInTheLab("srcPosture");
  if (grants.some(({ via = [] }) => via.length > 0)) throw notInTheLab("via");
  if (grants.some(({ app = {} }) => Object.keys(app).length > 0)) throw notInTheLab("app");
  if (defaultSrcPosture.length > 0) throw notInTheLab("defaultSrcPosture");
  if (nodeAttrs.some(({ ipPool = [] }) => ipPool.length > 0)) throw notInTheLab("ipPool");
  if (disableIPv4) throw notInTheLab("disableIPv4");
  if (policy.derpMap !== undefined && policy.derpMap !== null) throw notInTheLab("derpMap");
}

function expandName(policy: PolicyDocument, knownUsers: readonly string[], name: string): readonly string[] {
  const kind = kindOf(name);
  if (kind === "ipset" || kind === "domain") throw notInTheLab(name);
  if (kind === "service") return [];
  if (kind !== "autogroup") return [name];
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
    case "autogroup:admin":
    case "autogroup:owner":
      return [TAILNET_OWNER];
    // Roles that nobody has in the lab's tailnet, and guests that it does not have.
    case "autogroup:auditor":
    case "autogroup:billing-admin":
    case "autogroup:it-admin":
    case "autogroup:network-admin":
    case "autogroup:shared":
      return [];
    default:
      throw notInTheLab(name);
  }
}

function personsOf(expand: (name: string) => readonly string[], name: string): readonly string[] {
  return expand(name).filter((expanded) => kindOf(expanded) !== "tag");
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
