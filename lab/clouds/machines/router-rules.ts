import { addresses } from "../../hosts/topology";
import type { FirewallRule, MachineSpec } from "../contract";
import { METADATA_ADDRESS, WIRE_SERVER } from "./metadata/metadata-address";

type Machine = Pick<MachineSpec, "name" | "privateAddress" | "publicAddress" | "region" | "firewall" | "isShutIn" | "metadataHopLimit">;

const elements = (values: readonly string[]): string => (values.length === 0 ? "" : `    elements = { ${values.join(", ")} }\n`);

/** What kind of nftables object, its type, and what is in it. */
const filled = (kind: "map" | "set", name: string, type: string, values: readonly string[]): string =>
  `  ${kind} ${name} {\n    type ${type}\n${elements(values)}  }\n`;

const chain = (name: string, lines: readonly string[]): string =>
  `  chain ${name} {\n${lines.map((line) => `    ${line}\n`).join("")}  }\n`;

const chainOf = (machine: Machine): string => `machine-${machine.name}`;

// One rule a source: a set of nftables takes no networks that overlap, and a firewall's list may hold such.
const acceptLines = (rule: FirewallRule): readonly string[] =>
  rule.sources.map((source) => `ip saddr ${source} ${rule.protocol === "any" ? "" : `${rule.protocol} dport ${rule.port} `}accept`);

/** Answers with few hops left never leave the machine itself, as the hop limit of a cloud's metadata service wants it. */
const hopLimit = ({ privateAddress, metadataHopLimit }: Machine): readonly string[] =>
  metadataHopLimit === undefined ? [] : [`ip saddr ${METADATA_ADDRESS} ip daddr ${privateAddress} ip ttl set ${metadataHopLimit}`];

/** Each region has a number of its own, from 1. */
function numberRegions(machines: readonly Machine[]): (machine: Machine) => number {
  const regions = [...new Set(machines.map(({ region }) => region))];
  return ({ region }) => regions.indexOf(region) + 1;
}

/**
 * The firewalls of all machines of a cloud, as input for `nft -f` in its router: one transaction that puts them in the place of the last.
 * A cloud drops what a machine sends under another address than its own (AWS: source/destination check; Azure: IP forwarding, both off for
 * others' packets by default), private addresses count within one region's network only, and from a network without a way out only answers go.
 */
function firewallTable(machines: readonly Machine[]): string {
  const regionOf = numberRegions(machines);
  const toMachine = "ip daddr vmap @machines";
  return [
    "table ip cloud-firewall\ndelete table ip cloud-firewall\ntable ip cloud-firewall {\n",
    ...machines.map((machine) => chain(chainOf(machine), machine.firewall.flatMap(acceptLines))),
    filled(
      "set",
      "cards",
      "ifname . ipv4_addr",
      machines.map(({ name, privateAddress }) => `"${name}.eth0" . ${privateAddress}`),
    ),
    filled(
      "set",
      "shut-in",
      "ipv4_addr",
      machines.filter(({ isShutIn }) => isShutIn === true).map(({ privateAddress }) => privateAddress),
    ),
    filled(
      "map",
      "regions",
      "ipv4_addr : mark",
      machines.map((machine) => `${machine.privateAddress} : ${regionOf(machine)}`),
    ),
    filled(
      "set",
      "members",
      "mark . ipv4_addr",
      machines.map((machine) => `${regionOf(machine)} . ${machine.privateAddress}`),
    ),
    filled(
      "map",
      "machines",
      "ipv4_addr : verdict",
      machines.map((machine) => `${machine.privateAddress} : goto ${chainOf(machine)}`),
    ),
    chain("input", [
      "type filter hook input priority filter; policy drop",
      "ct state established,related accept",
      'iifname { "lo", "eth0" } icmp type echo-request accept',
      'iifname "eth0" drop',
      "iifname . ip saddr != @cards drop",
      "icmp type echo-request accept",
      `ip daddr ${METADATA_ADDRESS} tcp dport 80 accept`,
      `ip daddr ${WIRE_SERVER.address} tcp dport { ${WIRE_SERVER.ports.join(", ")} } accept`,
    ]),
    chain("forward", [
      "type filter hook forward priority filter; policy drop",
      'iifname != "eth0" iifname . ip saddr != @cards drop',
      "ct state established,related accept",
      'oifname "eth0" ip saddr != @shut-in accept',
      `ct status dnat ${toMachine}`,
      `iifname "eth0" ip saddr ${addresses.bastion} ${toMachine}`,
      `iifname != "eth0" meta mark set ip saddr map @regions meta mark . ip daddr @members ${toMachine}`,
    ]),
    chain("output", ["type filter hook output priority mangle", ...machines.flatMap(hopLimit)]),
    "}\n",
  ].join("");
}

/** The 1:1 NAT of the machines with a public address. */
function natElements(machines: readonly Machine[]): string {
  const pairs = machines.flatMap(({ privateAddress, publicAddress }) =>
    publicAddress === undefined ? [] : [[publicAddress, privateAddress] as const],
  );
  const add = (map: string, values: readonly string[]) =>
    values.length === 0 ? "" : `add element ip cloud-nat ${map} { ${values.join(", ")} }\n`;
  return [
    "flush map ip cloud-nat inward\nflush map ip cloud-nat outward\n",
    add(
      "inward",
      pairs.map(([outside, inside]) => `${outside} : ${inside}`),
    ),
    add(
      "outward",
      pairs.map(([outside, inside]) => `${inside} : ${outside}`),
    ),
  ].join("");
}

/** All that a cloud's router knows of its machines, as input for `nft -f`. */
export const routerRules = (machines: readonly Machine[]): string => firewallTable(machines) + natElements(machines);
