import { isIP } from "node:net";
import { ApiError } from "./api-error";
import type { PolicyDocument } from "./policy-document";

/** Refuses what the vendor refuses: undefined tags, groups and hosts, ill-formed names, rules without ports. */
export function checkPolicy(policy: PolicyDocument): void {
  for (const [group, members] of Object.entries(policy.groups ?? {})) checkGroup(group, members);
  for (const [tag, owners] of Object.entries(policy.tagOwners ?? {})) {
    if (!isTag(tag))
      throw new ApiError(400, `tagOwners: invalid tag ${JSON.stringify(tag)}: tags are "tag:" and letters, numbers or dashes`);
    for (const owner of owners) checkReference(policy, `tagOwners[${JSON.stringify(tag)}]`, owner);
  }
  for (const rule of policy.acls ?? []) {
    if (rule.action !== "accept") throw new ApiError(400, `action=${JSON.stringify(rule.action ?? "")} is not supported; only "accept" is`);
    for (const source of rule.src ?? rule.users ?? []) checkReference(policy, "src", source);
    for (const destination of rule.dst ?? rule.ports ?? []) checkReference(policy, "dst", splitPorts(destination).alias);
  }
  for (const grant of policy.grants ?? []) {
    for (const source of grant.src ?? []) checkReference(policy, "src", source);
    for (const destination of grant.dst ?? []) checkReference(policy, "dst", destination);
    if (grant.ip === undefined && grant.app === undefined) throw new ApiError(400, 'grant must have at least one of "ip" and "app"');
  }
  for (const [route, approvers] of Object.entries(policy.autoApprovers?.routes ?? {})) {
    if (!isNetwork(route)) throw new ApiError(400, `autoApprovers: invalid route ${JSON.stringify(route)}`);
    for (const approver of approvers) checkReference(policy, "autoApprovers", approver);
  }
  for (const approver of policy.autoApprovers?.exitNode ?? []) checkReference(policy, "autoApprovers", approver);
}

/** Splits "tag:k3s:6443" into alias and ports. */
export function splitPorts(destination: string): { readonly alias: string; readonly ports: string } {
  const at = destination.lastIndexOf(":");
  const ports = destination.slice(at + 1);
  if (at < 1 || !/^(\*|\d+(-\d+)?(,\d+(-\d+)?)*)$/.test(ports)) {
    throw new ApiError(400, `dst=${JSON.stringify(destination)}: port range ${JSON.stringify(at < 1 ? "" : ports)} is invalid`);
  }
  return { alias: destination.slice(0, at), ports };
}

function checkGroup(group: string, members: readonly string[]): void {
  if (!/^group:.+/.test(group))
    throw new ApiError(400, `groups: invalid group name ${JSON.stringify(group)}: group names start with "group:"`);
  const stranger = members.find((member) => !member.includes("@"));
  if (stranger !== undefined)
    throw new ApiError(400, `${JSON.stringify(group)}: invalid member ${JSON.stringify(stranger)}: members are users`);
}

// "src=tag not found" is the vendor's form: tailscale/terraform-provider-tailscale#380.
function checkReference(policy: PolicyDocument, where: string, name: string): void {
  if (name.startsWith("tag:")) {
    if (policy.tagOwners?.[name] === undefined) throw new ApiError(400, `${where}=tag not found: ${JSON.stringify(name)}`);
    return;
  }
  if (name.startsWith("group:")) {
    if (policy.groups?.[name] === undefined) throw new ApiError(400, `${where}=group not found: ${JSON.stringify(name)}`);
    return;
  }
  const known = name === "*" || name.startsWith("autogroup:") || name.startsWith("ipset:") || name.includes("@") || isNetwork(name);
  if (!known && policy.hosts?.[name] === undefined) throw new ApiError(400, `${where}=host not found: ${JSON.stringify(name)}`);
}

function isTag(name: string): boolean {
  return /^tag:[a-zA-Z][a-zA-Z0-9-]*$/.test(name);
}

function isNetwork(name: string): boolean {
  const [address = "", bits, rest] = name.split("/");
  return isIP(address) !== 0 && rest === undefined && (bits === undefined || /^\d{1,3}$/.test(bits));
}
