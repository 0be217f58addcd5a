import { serverTagOf } from "./cluster-rules.cjs";
import { isList, isObject } from "../run/json.mjs";
import { policyEntries } from "./policy-document.mjs";
import { API_PORT, VXLAN_PORT } from "../../catalog/ports.cjs";

/** @import { PolicyEntry } from "./policy-document.mjs" */

/**
 * Tells the entries of a policy that concern this cluster alone, in the document of this release or of an earlier
 * `up`: rules of the cluster's tag and its pods among each other, anyone's rule to its API server's port and to nothing
 * else, the tag's owners, routes that only the tag approves, a Service that only the cluster's devices host. `ours` is the document that this stack writes.
 * @param {readonly PolicyEntry[]} entries
 * @param {{ readonly ours: string; readonly tag: string; readonly podCidr?: string | undefined }} own
 */
export function ownEntries(entries, { ours, tag, podCidr }) {
  /** @type {(entry: PolicyEntry) => boolean} */
  const isOwnRoute = ({ section, value }) => section === "autoApprovers.routes" && everyIs(value, (approver) => approver === tag);
  const cidrs = [...entries, ...policyEntries(ours)].filter(isOwnRoute).map((entry) => entry.key);
  const tags = [tag, serverTagOf(tag)];
  /** @type {(entry: PolicyEntry) => boolean} */
  const isOwnHosts = ({ section, value }) => section === "autoApprovers.services" && everyIs(value, (approver) => tags.includes(approver));
  const services = [...entries, ...policyEntries(ours)].filter(isOwnHosts).map((entry) => entry.key);
  /** @type {(entry: PolicyEntry) => boolean} */
  const isOwnGrant = ({ section, value }) =>
    section === "grants" &&
    isObject(value) &&
    Object.keys(value).sort().join() === "dst,ip,src" &&
    everyIs(value.ip, (capability) => capability === `tcp:${API_PORT}`) &&
    everyIs(value.dst, (target) => services.includes(target));
  const members = new Set([...tags, ...cidrs, ...(podCidr ? [podCidr] : [])]);

  /** @type {(entry: PolicyEntry) => boolean} */
  const isOwnRule = ({ section, value }) => {
    if (section !== "acls" || !isObject(value)) return false;
    const isVxlan = value.proto === "udp" && everyIs(value.dst, (target) => target === `${tag}:${VXLAN_PORT}`);
    const keys = Object.keys(value).filter((name) => name !== "proto" || !isVxlan);
    if (value.action !== "accept" || keys.sort().join() !== "action,dst,src") return false;
    if (everyIs(value.dst, (target) => target === `${tag}:${API_PORT}`)) return true;
    return (
      everyIs(value.dst, (target) => members.has(target.slice(0, target.lastIndexOf(":")))) &&
      everyIs(value.src, (source) => members.has(source))
    );
  };
  /** @type {(entry: PolicyEntry) => boolean} */
  const isOwnTag = ({ section, key }) => section === "tagOwners" && tags.includes(key);
  return entries.filter((entry) => [isOwnRoute, isOwnHosts, isOwnTag, isOwnRule, isOwnGrant].some((isOwn) => isOwn(entry)));
}

/**
 * Whether an entry speaks of this group, tag or address: as a name, or as a target with ports.
 * @type {(value: unknown, name: string) => boolean}
 */
export function mentions(value, name) {
  if (typeof value === "string") return value === name || value.startsWith(`${name}:`);
  return typeof value === "object" && value !== null && Object.values(value).some((part) => mentions(part, name));
}

/** @type {(list: unknown, test: (item: string) => boolean) => boolean} */
function everyIs(list, test) {
  return isList(list) && list.length > 0 && list.every((item) => typeof item === "string" && test(item));
}
