import { CloudError, type FirewallRule } from "../contract";
import { TYPES } from "./arm-id";
import type { ArmStore, Resource } from "./arm-store";
import { type Range, contains, formatRange, overlaps, parseCidr } from "./cidr";
import { type JsonObject, checkChoice, invalidParameter, isObject, listAt, objectAt, requireText, textAt, textsAt } from "./json";
import type { ResourceKind } from "./resource-kind";

const PRIORITIES = { lowest: 100, highest: 4096 };
const ANYWHERE = ["*", "internet", "0.0.0.0/0"];
const EVERYTHING: Range = { first: 0, last: 2 ** 32 - 1, prefixLength: 0 };

/** `onChange` closes or opens the machines behind a group whose rules changed. */
export const securityGroups = (store: ArmStore, onChange: () => Promise<void>): ResourceKind => ({
  accept: (id, body) => {
    const rules = rulesOf(body);
    rules.forEach(checkRule);
    for (const direction of ["Inbound", "Outbound"]) {
      const priorities = rules.filter((rule) => textAt(rule, "properties.direction") === direction).map((rule) => priorityOf(rule));
      const twice = priorities.find((priority, index) => priorities.indexOf(priority) !== index);
      if (twice !== undefined) {
        throw new CloudError(
          "SecurityRuleConflict",
          `Security rules of network security group ${id.name} conflict: rules cannot have the same Priority ${twice} and Direction ${direction}.`,
        );
      }
    }
    return { ...body, properties: { securityRules: [], ...objectAt(body, "properties") } };
  },
  provision: onChange,
  release: ({ id }) => {
    const users = [
      ...store.naming(id.id, TYPES.networkInterface, "properties.networkSecurityGroup"),
      ...store.naming(id.id, TYPES.subnet, "properties.networkSecurityGroup"),
    ].map((user) => user.id.id);
    if (users.length === 0) return;
    throw new CloudError(
      "InUseNetworkSecurityGroupCannotBeDeleted",
      `Network security group ${id.id} cannot be deleted because it is in use by the following resources: ${users.join(", ")}. In order to delete the Network security group, remove the association with the resource(s). To learn how to do this, see aka.ms/deletensg.`,
    );
  },
});

/**
 * What gets in from outside where these groups, of a subnet and of an interface, stand in the way; each of them has to let it pass. Behind a
 * group's own rules stands Azure's AllowVnetInBound (learn.microsoft.com/azure/virtual-network/network-security-groups-overview): unless they
 * deny everything, neighbours in the virtual network, of these ranges, get in everywhere.
 */
export function openings(groups: readonly Resource[], neighbours: readonly Range[]): readonly FirewallRule[] {
  const [first, ...others] = groups.map(({ body }) => allowed(rulesOf(body)));
  const passing = others.reduce((sum, more) => sum.flatMap((one) => more.flatMap((other) => narrower(one, other))), first ?? []);
  const isShut = groups.some(({ body }) => rulesOf(body).some(deniesEverything));
  return [...groupByPort(passing), ...(isShut ? [] : [{ protocol: "any" as const, sources: neighbours.map(formatRange) }])];
}

function deniesEverything(rule: JsonObject): boolean {
  const isDeny = textAt(rule, "properties.access") === "Deny" && textAt(rule, "properties.direction") === "Inbound";
  const isEveryPort = textAt(rule, "properties.protocol") === "*" && portsOf(rule).some(({ first, last }) => first === 0 && last === 65535);
  return isDeny && isEveryPort && sourcesOf(rule).some((range) => contains(range, EVERYTHING));
}

interface Opening {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly source: Range;
}

function groupByPort(all: readonly Opening[]): readonly FirewallRule[] {
  const byPort = new Map<string, { protocol: "tcp" | "udp"; port: number; sources: string[] }>();
  for (const { protocol, port, source } of all) {
    const key = `${protocol}/${port}`;
    const rule = byPort.get(key) ?? { protocol, port, sources: [] };
    byPort.set(key, rule);
    const text = formatRange(source);
    if (!rule.sources.includes(text)) rule.sources.push(text);
  }
  return [...byPort.values()];
}

function narrower(one: Opening, other: Opening): readonly Opening[] {
  if (one.protocol !== other.protocol || one.port !== other.port) return [];
  if (contains(one.source, other.source)) return [other];
  return contains(other.source, one.source) ? [one] : [];
}

/** Rules count in the order of their priorities, and the first that matches decides (learn.microsoft.com/azure/virtual-network/network-security-groups-overview). */
function allowed(rules: readonly JsonObject[]): readonly Opening[] {
  const inbound = rules.filter((rule) => textAt(rule, "properties.direction") === "Inbound");
  const ordered = [...inbound].sort((one, other) => priorityOf(one) - priorityOf(other));
  return ordered.flatMap((rule, index) => {
    if (textAt(rule, "properties.access") !== "Allow") return [];
    const denied = ordered.slice(0, index).filter((earlier) => textAt(earlier, "properties.access") === "Deny");
    return openingsOf(rule).filter((opening) => !denied.some((earlier) => isDenied(opening, earlier)));
  });
}

function openingsOf(rule: JsonObject): readonly Opening[] {
  const sources = sourcesOf(rule);
  return protocolsOf(rule).flatMap((protocol) =>
    portsOf(rule).flatMap(({ first }) => sources.map((source): Opening => ({ protocol, port: first, source }))),
  );
}

function isDenied({ protocol, port, source }: Opening, deny: JsonObject): boolean {
  const isMatch = protocolsOf(deny).includes(protocol) && portsOf(deny).some((range) => range.first <= port && port <= range.last);
  const touching = isMatch ? sourcesOf(deny).filter((range) => overlaps(range, source)) : [];
  if (touching.some((range) => contains(range, source))) return true;
  if (touching.length > 0) throw unsupported(`rule ${textAt(deny, "name")} denies a part of what a later rule allows`);
  return false;
}

function protocolsOf(rule: JsonObject): readonly ("tcp" | "udp")[] {
  const protocol = textAt(rule, "properties.protocol").toLowerCase();
  if (protocol === "*") return ["tcp", "udp"];
  return protocol === "tcp" || protocol === "udp" ? [protocol] : [];
}

/** Service tags other than Internet stand for nothing outside. */
function sourcesOf(rule: JsonObject): readonly Range[] {
  return both(rule, "sourceAddressPrefix", "sourceAddressPrefixes").flatMap((source) => {
    if (ANYWHERE.includes(source.toLowerCase())) return [EVERYTHING];
    return parseCidr(source) ?? [];
  });
}

function portsOf(rule: JsonObject): readonly { readonly first: number; readonly last: number }[] {
  return both(rule, "destinationPortRange", "destinationPortRanges").map((text) => {
    const [first = "", last = first] = text === "*" ? ["0", "65535"] : text.split("-");
    return { first: Number(first), last: Number(last) };
  });
}

const both = (rule: JsonObject, one: string, many: string): readonly string[] =>
  [textAt(rule, `properties.${one}`), ...textsAt(rule, `properties.${many}`)].filter((text) => text !== "");

function checkRule(rule: JsonObject): void {
  const name = requireText(rule, "name");
  for (const property of ["protocol", "access", "direction"]) requireText(rule, `properties.${property}`);
  checkChoice(rule, "properties.protocol", ["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"]);
  checkChoice(rule, "properties.access", ["Allow", "Deny"]);
  checkChoice(rule, "properties.direction", ["Inbound", "Outbound"]);
  const priority = priorityOf(rule);
  if (!Number.isInteger(priority) || priority < PRIORITIES.lowest || priority > PRIORITIES.highest) {
    throw new CloudError(
      "SecurityRuleInvalidPriority",
      `Security rule has invalid Priority. Value provided: ${priority}, allowed range: ${PRIORITIES.lowest}-${PRIORITIES.highest}.`,
    );
  }
  const needed = [
    ["sourceAddressPrefix", "sourceAddressPrefixes"],
    ["destinationAddressPrefix", "destinationAddressPrefixes"],
    ["sourcePortRange", "sourcePortRanges"],
    ["destinationPortRange", "destinationPortRanges"],
  ] as const;
  for (const [one, many] of needed) {
    if (both(rule, one, many).length === 0) {
      throw new CloudError("SecurityRuleParameterContainsUnsupportedValue", `Security rule ${name} must specify ${one} or ${many}.`);
    }
  }
  for (const source of both(rule, "sourceAddressPrefix", "sourceAddressPrefixes")) {
    if (/^\d/.test(source) && parseCidr(source) === undefined) {
      throw new CloudError("SecurityRuleInvalidAddressPrefix", `Security rule has invalid Address prefix. Value provided: ${source}.`);
    }
  }
  checkApart(rule, name);
  for (const { first, last } of portsOf(rule)) {
    if (!(first <= last && last <= 65535))
      throw invalidParameter("destinationPortRange", `Security rule ${name} has an invalid port range.`);
    const isInbound = textAt(rule, "properties.direction") === "Inbound" && textAt(rule, "properties.access") === "Allow";
    if (isInbound && first !== last) throw unsupported(`rule ${name} allows a range of ports, where only single ones can be shown`);
  }
}

function checkApart(rule: JsonObject, name: string): void {
  const sources = sourcesOf(rule);
  const pair = sources.flatMap((one, index) =>
    sources.slice(index + 1).flatMap((other) => (overlaps(one, other) ? [[one, other]] : [])),
  )[0];
  if (pair === undefined) return;
  throw new CloudError(
    "OverlappingSubnetsNotPermittedInSecurityRule",
    `Security rule parameter SourceAddressPrefix for rule with Id ${name} contains overlapping subnets [${pair.map(formatRange).join(", ")}], which is not permitted.`,
  );
}

const rulesOf = (body: JsonObject): readonly JsonObject[] => listAt(body, "properties.securityRules").filter(isObject);

function priorityOf(rule: JsonObject): number {
  const priority = objectAt(rule, "properties")["priority"];
  return typeof priority === "number" ? priority : NaN;
}

const unsupported = (what: string): CloudError =>
  new CloudError("NotAvailableInLab", `${what}: write the rules so that each inbound port is a rule of its own`);
