import { isList, isObject, isTexts } from "../run/json.mjs";
import { selects } from "./selectors.mjs";

/** @import { PolicyEntry } from "./policy-document.mjs" */
/** @import { Connection } from "./cluster-rules.cjs" */
/** @import { Answer, PolicyNames } from "./selectors.mjs" */

/** @typedef {{ readonly selector: string; readonly ports: string; readonly proto: string | undefined }} Target */
/**
 * A rule of either form.
 * @typedef {object} Rule
 * @property {string[]} src
 * @property {Target[]} targets
 * @property {PolicyEntry} entry What it was read from.
 * @property {boolean} isConditional It holds for some devices or ways only.
 */
/** @typedef {PolicyNames & { rules: Rule[] }} Policy */
/** @typedef {{ source: string; dst: string; port: number | "*"; proto: "tcp" | "udp" | undefined }} Wanted */

/** What a rule may call the protocol that a connection wants. */
/** @type {Readonly<Record<"tcp" | "udp", readonly string[]>>} */
const NAMES = { tcp: ["tcp", "6"], udp: ["udp", "17"] };

/**
 * The rules of a policy in one form, from its entries. `meets(postures, isOwn)` tells whether whoever it is about meets one of the postures
 * that a rule demands, its own or the policy's default ones; default: nobody knows.
 * @type {(entries: readonly PolicyEntry[], meets?: (postures: readonly unknown[], isOwn: boolean) => boolean) => Policy}
 */
export function readRules(entries, meets = () => false) {
  /** @type {(name: string) => PolicyEntry[]} */
  const section = (name) => entries.filter((entry) => entry.section === name);
  /** @type {<T>(name: string, is: (value: unknown) => value is T) => Record<string, T>} */
  const named = (name, is) => Object.fromEntries(section(name).flatMap(({ key, value }) => (is(value) ? [[key, value]] : [])));
  // It holds for every rule that names no posture of its own: https://tailscale.com/docs/features/device-posture.
  const standing = section("defaultSrcPosture").map(({ value }) => value);
  /** @type {(rule: Record<string, unknown>) => boolean} */
  const isConditional = ({ srcPosture, via }) => {
    const isOwn = isFilled(srcPosture);
    const demanded = isOwn ? srcPosture : standing;
    return isFilled(via) || (demanded.length > 0 && !meets(demanded, isOwn));
  };
  const found = [...section("acls").map(fromAcl), ...section("grants").map(fromGrant)];
  const rules = found.flatMap((rule) => (rule ? [{ ...rule, isConditional: isConditional(rule.fields) }] : []));
  return { rules, groups: named("groups", isList), hosts: named("hosts", isText) };
}

/**
 * Whether a rule certainly gives the whole connection (over TCP where it names no protocol), several rules together included.
 * @type {(policy: Policy, connection: Connection) => boolean}
 */
export function certainlyReaches(policy, { src, dst, ports, proto }) {
  // A group may be covered as a whole, or member by member.
  const members = policy.groups[src] ?? [];
  const sources = members.length > 0 ? [[src], members] : [[src]];
  /** @type {(source: unknown, port: number | "*") => boolean} */
  const isGiven = (source, port) =>
    policy.rules.some((rule) => ruleGives(policy, rule, { source: String(source), dst, port, proto }, (answer) => answer === "yes"));
  return partsOf(ports).every((port) => sources.some((list) => list.every((source) => isGiven(source, port))));
}

/** @type {(ports: Connection["ports"]) => readonly (number | "*")[]} */
const partsOf = (ports) => (ports === "*" ? [ports] : ports);

/**
 * Whether a rule may give the connection, as far as the policy's text tells.
 * @type {(policy: Policy, connection: Connection) => boolean}
 */
export function mayReach(policy, { src, dst, ports, proto }) {
  return partsOf(ports).some((port) =>
    policy.rules.some((rule) => ruleGives(policy, rule, { source: src, dst, port, proto }, (answer) => answer !== "no")),
  );
}

/** @type {(policy: Policy, rule: Rule, wanted: Wanted, accepts: (answer: Answer) => boolean) => boolean} */
function ruleGives(policy, rule, { source, dst, port, proto: asked }, accepts) {
  const wanted = asked ?? "tcp";
  if (rule.isConditional && !accepts("maybe")) return false;
  return (
    rule.src.some((selector) => accepts(selects(policy, selector, source))) &&
    rule.targets.some(
      ({ selector, ports, proto }) => accepts(selects(policy, selector, dst)) && accepts(includesPort(ports, proto, port, wanted)),
    )
  );
}

/** @type {(ports: string, proto: string | undefined, port: number | "*", wanted: "tcp" | "udp") => Answer} */
function includesPort(ports, proto, port, wanted) {
  const isAllProtocols = proto === undefined || proto === "*" || proto === "";
  if (port === "*") return ports === "*" && isAllProtocols ? "yes" : "maybe";
  if (!isAllProtocols && !NAMES[wanted].includes(proto)) return "no";
  /** @type {(range: string) => boolean} */
  const isIn = (range) => {
    const [from = Number.NaN, to = from] = range.split("-").map(Number);
    return from <= port && port <= to;
  };
  return ports === "*" || ports.split(",").some(isIn) ? "yes" : "no";
}

/** @typedef {Omit<Rule, "isConditional"> & { fields: Record<string, unknown> }} ReadRule */

/** @type {(entry: PolicyEntry) => ReadRule | undefined} */
function fromAcl(entry) {
  const { value: fields } = entry;
  if (!isObject(fields) || fields.action !== "accept") return undefined;
  const { src, dst, proto } = fields;
  if (!isTexts(src) || !isTexts(dst)) return undefined;
  const targets = dst.map((target) => {
    const at = target.lastIndexOf(":");
    return { selector: target.slice(0, at), ports: target.slice(at + 1), proto: protocolOf(proto) };
  });
  return { src, targets, entry, fields };
}

/** @type {(entry: PolicyEntry) => ReadRule | undefined} */
function fromGrant(entry) {
  const { value: fields } = entry;
  if (!isObject(fields)) return undefined;
  const { src, dst, ip } = fields;
  if (!isTexts(src) || !isTexts(dst) || !isTexts(ip)) return undefined;
  const targets = dst.flatMap((selector) =>
    ip.map((capability) => {
      const [ports = "", proto] = capability.split(":").reverse();
      return { selector, ports, proto };
    }),
  );
  return { src, targets, entry, fields };
}

/** @type {(proto: unknown) => string | undefined} */
const protocolOf = (proto) => (proto === undefined || typeof proto === "string" ? proto : JSON.stringify(proto));

/** @type {(value: unknown) => value is string} */
const isText = (value) => typeof value === "string";

/** @type {(list: unknown) => list is unknown[]} */
function isFilled(list) {
  return isList(list) && list.length > 0;
}
