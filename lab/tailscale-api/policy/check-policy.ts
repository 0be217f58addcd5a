import { BlockList } from "node:net";
import { ApiError } from "../api-error";
import { checkMemberSpelling, checkOwner, faultOf, quote, refuse } from "./check-names";
import { checkAcl, checkGrant, checkPosture } from "./check-rules";
import { checkSsh, checkSshTest } from "./check-ssh";
import { kindOf, networkOf } from "./names";
import type { PolicyDocument } from "./policy-document";

/** Refuses what the vendor refuses, but for failing tests: undefined and ill-formed names, and what may not stand where it stands. */
export function checkPolicy(policy: PolicyDocument): void {
  for (const [group, members] of Object.entries(policy.groups ?? {})) checkGroup(group, members);
  for (const [host, value] of Object.entries(policy.hosts ?? {})) checkHost(host, value);
  for (const [tag, owners] of Object.entries(policy.tagOwners ?? {})) {
    const where = `tagOwners[${quote(tag)}]`;
    checkTag(where, tag);
    owners.forEach((owner) => checkOwner(policy, where, owner));
  }
  checkMemberSpelling(policy);
  checkSets(policy);
  (policy.acls ?? []).forEach((rule) => checkAcl(policy, rule));
  (policy.grants ?? []).forEach((grant) => checkGrant(policy, grant));
  (policy.ssh ?? []).forEach((rule) => checkSsh(policy, rule));
  (policy.sshTests ?? []).forEach((test) => checkSshTest(policy, test));
  checkAutoApprovers(policy);
  checkNodeAttributes(policy);
}

function checkGroup(group: string, members: readonly string[]): void {
  const where = `groups[${quote(group)}]`;
  if (!/^group:.+/.test(group)) throw refuse(`${where}: group names start with "group:"`);
  for (const member of members) {
    if (kindOf(member) === "group") throw refuse(`${where}: ${quote(member)}: group members cannot be recursive`);
    if (kindOf(member) !== "user") throw refuse(`${where}: invalid member ${quote(member)}: members are users`);
  }
}

/** https://tailscale.com/kb/1337/policy-syntax#hosts; the wording is ours. */
function checkHost(host: string, value: string): void {
  if (kindOf(host) !== "host" || host.includes(":") || host === "")
    throw refuse(`hosts[${quote(host)}]: ${quote(host)} cannot be the name of a host`);
  if (networkOf(value) === undefined) throw refuse(`hosts[${quote(host)}]: ${quote(value)}: invalid address`);
}

function checkTag(where: string, tag: string): void {
  if (!tag.startsWith("tag:")) throw refuse(`${where}: tag names must start with "tag:"`);
  if (!/^tag:[a-zA-Z]/.test(tag)) throw refuse(`${where}: tag names must start with a letter, after 'tag:'`);
  if (!/^tag:[a-zA-Z0-9-]+$/.test(tag)) throw refuse(`${where}: tag names can only contain numbers, letters, or dashes`);
}

/** Postures and IP sets: their names, and what IP sets are made of (https://tailscale.com/kb/1387/ipsets); the wording is ours. */
function checkSets(policy: PolicyDocument): void {
  for (const [name, conditions] of Object.entries(policy.postures ?? {})) {
    if (!/^posture:.+/.test(name)) throw refuse(`postures[${quote(name)}]: posture names start with "posture:"`);
    if (conditions.length === 0) throw refuse(`postures[${quote(name)}]: a posture needs conditions`);
  }
  (policy.defaultSrcPosture ?? []).forEach((posture) => checkPosture(policy, posture));
  for (const [name, entries] of Object.entries(policy.ipsets ?? {})) {
    const where = `ipsets[${quote(name)}]`;
    if (!/^ipset:.+/.test(name)) throw refuse(`${where}: names of IP sets start with "ipset:"`);
    for (const entry of entries) {
      const target = entry.replace(/^(add|remove)\s+/, "");
      const fault = faultOf(policy, target);
      if (fault !== undefined) throw refuse(`${where}=${fault}`);
    }
  }
}

/** The Services that the policy speaks of. */
export function servicesOf({ grants = [], autoApprovers }: PolicyDocument): readonly string[] {
  const named = [...grants.flatMap(({ dst = [] }) => dst), ...Object.keys(autoApprovers?.services ?? {})];
  return [...new Set(named.filter((name) => kindOf(name) === "service"))];
}

function checkAutoApprovers(policy: PolicyDocument): void {
  const { routes = {}, exitNode = [], services = {} } = policy.autoApprovers ?? {};
  for (const [route, approvers] of Object.entries(routes)) {
    if (networkOf(route) === undefined) throw refuse(`autoApprovers: invalid route ${quote(route)}`);
    approvers.forEach((approver) => checkOwner(policy, "autoApprovers", approver));
  }
  exitNode.forEach((approver) => checkOwner(policy, "autoApprovers", approver));
  for (const [service, approvers] of Object.entries(services)) {
    const fault = faultOf(policy, service);
    if (fault !== undefined) throw refuse(`autoApprovers=${fault}`);
    // https://tailscale.com/docs/features/tailscale-services, "Set up automatic approval"; the wording is ours.
    if (!["service", "tag"].includes(kindOf(service))) throw refuse(`autoApprovers: ${quote(service)} is neither a service nor a tag`);
    approvers.forEach((approver) => checkOwner(policy, "autoApprovers", approver));
  }
}

/** Ranges that no pool may touch: the vendor's own service address, and what Chrome OS uses (the record's filters leave it out too). */
const reserved = new BlockList();
reserved.addSubnet("100.100.0.0", 24);
reserved.addSubnet("100.100.100.0", 24);
reserved.addSubnet("100.115.92.0", 23);

function checkNodeAttributes(policy: PolicyDocument): void {
  for (const { target = [], ipPool = [] } of policy.nodeAttrs ?? []) {
    for (const name of target) {
      // The vendor's service fails on this one (recorded).
      if (name === "autogroup:self") throw new ApiError(500, "internal server error");
      const fault = faultOf(policy, name);
      if (fault !== undefined) throw refuse(kindOf(name) === "host" ? `${quote(name)}: invalid address` : fault);
    }
    for (const pool of ipPool) {
      const network = networkOf(pool);
      if (network === undefined) throw refuse(`IPPool(${pool}): invalid address`);
      if (reserved.check(network.address, network.family)) throw refuse(`IPPool(${pool}): network within reserved range`);
    }
  }
}
