import { selects } from "./selectors.mjs";

/** What a rule may call the protocol that a connection wants. */
const NAMES = { tcp: ["tcp", "6"], udp: ["udp", "17"] };

/**
 * The rules of a policy in one form, from its entries: {rules, groups, hosts}. A rule's `targets` are {selector, ports, proto};
 * `isConditional` marks those that hold for some devices or ways only; `entry` is what it was read from. `meets(postures, isOwn)` tells whether
 * whoever it is about meets one of the postures that a rule demands, its own or the policy's default ones; default: nobody knows.
 */
export function readRules(entries, meets = () => false) {
  const section = (name) => entries.filter((entry) => entry.section === name);
  const named = (name) => Object.fromEntries(section(name).map(({ key, value }) => [key, value]));
  // It holds for every rule that names no posture of its own: https://tailscale.com/docs/features/device-posture.
  const standing = section("defaultSrcPosture").map(({ value }) => value);
  const isConditional = ({ srcPosture, via }) => {
    const isOwn = isFilled(srcPosture);
    const demanded = isOwn ? srcPosture : standing;
    return isFilled(via) || (demanded.length > 0 && !meets(demanded, isOwn));
  };
  const rules = [...section("acls").map(fromAcl), ...section("grants").map(fromGrant)].filter(Boolean);
  return {
    rules: rules.map((rule) => ({ ...rule, isConditional: isConditional(rule.entry.value) })),
    groups: named("groups"),
    hosts: Object.fromEntries(Object.entries(named("hosts")).filter(([, value]) => typeof value === "string")),
  };
}

/** Whether a rule certainly gives the whole connection {src, dst, ports, proto = "tcp"}, several rules together included. */
export function certainlyReaches(policy, { src, dst, ports, proto }) {
  const parts = ports === "*" ? ["*"] : ports;
  // A group may be covered as a whole, or member by member.
  const sources = (policy.groups[src] ?? []).length > 0 ? [[src], policy.groups[src]] : [[src]];
  return parts.every((port) =>
    sources.some((list) =>
      list.every((source) =>
        policy.rules.some((rule) => ruleGives(policy, rule, { source, dst, port, proto }, (answer) => answer === "yes")),
      ),
    ),
  );
}

/** Whether a rule may give the connection, as far as the policy's text tells. */
export function mayReach(policy, { src, dst, ports, proto }) {
  const parts = ports === "*" ? ["*"] : ports;
  return parts.some((port) =>
    policy.rules.some((rule) => ruleGives(policy, rule, { source: src, dst, port, proto }, (answer) => answer !== "no")),
  );
}

function ruleGives(policy, rule, { source, dst, port, proto: wanted = "tcp" }, accepts) {
  if (rule.isConditional && !accepts("maybe")) return false;
  return (
    rule.src.some((selector) => accepts(selects(policy, selector, source))) &&
    rule.targets.some(
      ({ selector, ports, proto }) => accepts(selects(policy, selector, dst)) && accepts(includesPort(ports, proto, port, wanted)),
    )
  );
}

function includesPort(ports, proto, port, wanted) {
  const isAllProtocols = proto === undefined || proto === "*" || proto === "";
  if (port === "*") return ports === "*" && isAllProtocols ? "yes" : "maybe";
  if (!isAllProtocols && !NAMES[wanted].includes(proto)) return "no";
  const isIn = (range) => {
    const [from, to = from] = range.split("-").map(Number);
    return from <= port && port <= to;
  };
  return ports === "*" || ports.split(",").some(isIn) ? "yes" : "no";
}

function fromAcl(entry) {
  const { value } = entry;
  if (!isRule(value) || value.action !== "accept") return undefined;
  const targets = value.dst.map((target) => {
    const at = target.lastIndexOf(":");
    return { selector: target.slice(0, at), ports: target.slice(at + 1), proto: value.proto };
  });
  return { src: value.src, targets, entry };
}

function fromGrant(entry) {
  const { value } = entry;
  if (!isRule(value) || !isTexts(value.ip)) return undefined;
  const targets = value.dst.flatMap((selector) =>
    value.ip.map((entry) => {
      const [ports, proto] = entry.split(":").reverse();
      return { selector, ports, proto };
    }),
  );
  return { src: value.src, targets, entry };
}

function isFilled(list) {
  return Array.isArray(list) && list.length > 0;
}

function isRule(value) {
  return typeof value === "object" && value !== null && isTexts(value.src) && isTexts(value.dst);
}

function isTexts(list) {
  return Array.isArray(list) && list.every((item) => typeof item === "string");
}
