import { contains, knownNetwork, overlaps, readNetwork } from "./ip-networks.mjs";

/** @import { AnyNetwork } from "./ip-networks.mjs" */
/** @typedef {{ groups: Readonly<Record<string, unknown[]>>; hosts: Readonly<Record<string, string>> }} PolicyNames */
/** @typedef {"yes" | "no" | "maybe"} Answer */

const [TAILNET_V4, TAILNET_V6] = [knownNetwork("100.64.0.0/10"), knownNetwork("fd7a:115c:a1e0::/48")];
// A source `*` holds approved subnets too, pods among them: https://tailscale.com/docs/reference/syntax/policy-file (src).
const EVERYTHING = ["*", "autogroup:danger-all"];
const MEMBERS = ["autogroup:member", "autogroup:members"];
const SERVICE = "svc:";
const NEITHER_NODES_NOR_PODS = ["autogroup:internet", "autogroup:self", "autogroup:shared"];

/**
 * Whether a rule's selector stands for a whole subject, which is a tag, a network, people or a Service: "yes", "no" or "maybe", the last where the
 * policy's text does not tell (devices behind addresses, people's roles, IP sets).
 * @type {(policy: PolicyNames, selector: string, subject: string) => Answer}
 */
export function selects({ groups, hosts }, selector, subject) {
  if (subject.startsWith(SERVICE) || selector.startsWith(SERVICE)) return ofServices(selector, subject);
  if (EVERYTHING.includes(selector) || selector === subject) return "yes";
  if (Object.hasOwn(hosts, selector)) return selects({ groups, hosts: {} }, String(hosts[selector]), subject);
  if (NEITHER_NODES_NOR_PODS.includes(selector)) return "no";
  const network = readNetwork(selector);
  const wanted = readNetwork(subject);
  if (network) return wanted ? ofNetworks(network, wanted) : ofDevices(network);
  if (wanted) return isPeople(selector) || selector.startsWith("tag:") || selector === "autogroup:tagged" ? "no" : "maybe";
  if (subject.startsWith("tag:")) {
    if (selector === "autogroup:tagged") return "yes";
    return isPeople(selector) || selector.startsWith("tag:") ? "no" : "maybe";
  }
  if (selector.startsWith("tag:") || selector === "autogroup:tagged") return "no";
  return ofPeople(groups, selector, subject);
}

/**
 * A Service is no device, and has addresses of its own. Whether a selector of everything holds it, the vendor does not say, and a tag may be its own too.
 * @type {(selector: string, subject: string) => Answer}
 */
function ofServices(selector, subject) {
  if (selector === subject) return "yes";
  return selector.startsWith(SERVICE) ? "no" : "maybe";
}

/** @type {(network: AnyNetwork, wanted: AnyNetwork) => Answer} */
function ofNetworks(network, wanted) {
  if (contains(network, wanted)) return "yes";
  return overlaps(network, wanted) ? "maybe" : "no";
}

/**
 * Devices are known by the tailnet's addresses, and which device has which the policy does not say.
 * @type {(network: AnyNetwork) => Answer}
 */
function ofDevices(network) {
  if (contains(network, TAILNET_V4)) return "yes";
  return [TAILNET_V4, TAILNET_V6].some((tailnet) => overlaps(network, tailnet)) ? "maybe" : "no";
}

/** @type {(groups: PolicyNames["groups"], selector: string, subject: string) => Answer} */
function ofPeople(groups, selector, subject) {
  if (MEMBERS.includes(selector)) return subject.startsWith("autogroup:") && !isRole(subject) ? "maybe" : "yes";
  const there = groups[selector];
  const wanted = groups[subject] ?? [subject];
  return there !== undefined && wanted.length > 0 && wanted.every((person) => there.includes(person)) ? "yes" : "maybe";
}

/** @type {(selector: string) => boolean} */
function isPeople(selector) {
  return selector.startsWith("group:") || selector.includes("@") || isRole(selector);
}

/** @type {(selector: string) => boolean} */
function isRole(selector) {
  return /^autogroup:(members?|admin|owner|network-admin|it-admin|billing-admin|auditor)$/.test(selector);
}
