import { faultOf, quote, refuse } from "./check-names";
import { kindOf, networkOf, portRanges, protocolNumbers, protocolsWithPorts, splitHostPort } from "./names";
import { splitCapability } from "./network-rules";
import type { AclRule, Grant, PolicyDocument } from "./policy-document";

/** Refuses what the vendor refuses in acls. */
export function checkAcl(policy: PolicyDocument, rule: AclRule): void {
  const { action = "", proto = "", srcPosture = [] } = rule;
  if (action !== "accept") throw refuse(`action=${quote(action)} is not supported`);
  const sources = rule.src ?? rule.users ?? [];
  sources.forEach((source) => checkSource(policy, source));
  const numbers = proto === "" ? protocolsWithPorts : numbersOf(proto);
  for (const destination of rule.dst ?? rule.ports ?? []) {
    const split = splitHostPort(destination);
    if (split === undefined) throw refuse(`dst=${quote(destination)}: hostport must contain a colon (":")`);
    // "autogroup:self" without ports: the record quotes it so.
    const prefix = `dst=${quote(destination)}: `;
    checkPorts(prefix, split.ports);
    checkProtocolPorts(numbers, split.ports, prefix);
    // Services are "a destination in grants" (https://tailscale.com/docs/features/tailscale-services): no source shows acls that take one.
    if (kindOf(split.host) === "service") throw refuse(`${prefix}${quote(split.host)} can only be used in grants`);
    // Beside autogroup:self, acls take "*" as a source and grants do not (recorded).
    checkTarget(
      policy,
      split.host,
      sources.filter((source) => source !== "*"),
    );
  }
  srcPosture.forEach((posture) => checkPosture(policy, posture));
}

/** Refuses what the vendor refuses in grants. */
export function checkGrant(policy: PolicyDocument, { src = [], dst = [], ip = [], app = {}, via = [], srcPosture = [] }: Grant): void {
  if (ip.length === 0 && Object.keys(app).length === 0) throw refuse("ip and app can not both be empty");
  src.forEach((source) => checkSource(policy, source));
  for (const target of dst) {
    const network = networkOf(target);
    if (network?.isAddress === false && network.bits === 0)
      throw refuse(`dst ${quote(target)}: to allow all IP addresses, use "*" or "autogroup:internet"`);
    checkTarget(policy, target, src);
  }
  ip.forEach(checkCapability);
  Object.keys(app).forEach(checkAppName);
  if (Object.keys(app).length > 0 && dst.includes("autogroup:internet")) throw refuse("cannot use app grants with autogroup:internet");
  for (const router of via) {
    if (kindOf(router) !== "tag") throw refuse("via can only be a tag");
    if (policy.tagOwners?.[router] === undefined) throw refuse(`tag ${quote(router)} not found`);
  }
  srcPosture.forEach((posture) => checkPosture(policy, posture));
}

function checkSource(policy: PolicyDocument, name: string): void {
  if (name === "autogroup:self" || name === "autogroup:internet") throw refuse(`${quote(name)} not valid on the src side of a rule`);
  const fault = faultOf(policy, name);
  if (fault !== undefined) throw refuse(`src=${fault}`);
  if (kindOf(name) === "service") throw refuse(`${quote(name)} not valid on the src side of a rule`);
}

function checkTarget(policy: PolicyDocument, name: string, sources: readonly string[]): void {
  if (name === "autogroup:danger-all" || name === "autogroup:shared") throw refuse(`cannot use ${name} as a dst`);
  const fault = faultOf(policy, name);
  if (fault !== undefined) throw refuse(`dst=${quote(name)}: ${fault}`);
  if (name === "autogroup:self" && !sources.every(isPerson))
    throw refuse("autogroup:self can only be used with users, groups, or supported autogroups");
}

function isPerson(name: string): boolean {
  const kind = kindOf(name);
  return ["user", "group", "domain"].includes(kind) || (kind === "autogroup" && !/:(tagged|danger-all|shared)$/.test(name));
}

function checkCapability(capability: string): void {
  const { proto, ports } = splitCapability(capability);
  if (ports.includes(":")) throw refuse("expected only one colon in Internet protocol and port type");
  const numbers = proto === undefined ? protocolsWithPorts : numbersOf(proto);
  checkPorts("", ports);
  checkProtocolPorts(numbers, ports, "");
}

function checkPorts(prefix: string, ports: string): void {
  try {
    portRanges(ports);
  } catch (error) {
    throw refuse(`${prefix}${(error as Error).message}`);
  }
}

/** "Only TCP, UDP, and SCTP traffic support specifying ports" (https://tailscale.com/kb/1337/policy-syntax#proto); the wording is ours. */
function checkProtocolPorts(numbers: readonly number[], ports: string, prefix: string): void {
  if (ports !== "*" && !numbers.every((number) => protocolsWithPorts.includes(number)))
    throw refuse(`${prefix}only tcp, udp and sctp have ports; use "*" as the port`);
}

function numbersOf(proto: string): readonly number[] {
  const numbers = protocolNumbers(proto);
  if (numbers === undefined)
    throw refuse(`proto name ${quote(proto)} not known; use protocol number 0-255 or protocol name (icmp, tcp, udp, etc.)`);
  return numbers;
}

/** Capabilities that the vendor gives itself and no policy may grant: those that the record refuses. */
const reservedCapabilities = ["ingress", "funnel", "relay-target"].map((name) => `tailscale.com/cap/${name}`);

function checkAppName(name: string): void {
  if (!/^[a-z0-9.-]+\.[a-z0-9-]+\/\S+$/i.test(name)) throw refuse("capability name must have the form {domain}/{path}");
  if (reservedCapabilities.includes(name)) throw refuse("capability name must not be in the tailscale.com domain");
}

export function checkPosture(policy: PolicyDocument, name: string): void {
  if (policy.postures?.[name] === undefined) throw refuse(`posture not found: ${quote(name)}`);
}
