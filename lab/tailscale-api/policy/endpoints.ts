import { BlockList } from "node:net";
import { kindOf, networkOf } from "./names";
import type { PolicyDocument } from "./policy-document";

/** The only person with a role: owns the tailnet and is its administrator; the lab's other users are members. */
export const TAILNET_OWNER = "admin@lab.test";

/** One side of a connection: a device, what stands for any device of a user or tag, or an address behind a router. */
export interface Endpoint {
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
  /** Who is logged in on it; absent where it is tagged. */
  readonly user?: string;
  /** The group that this endpoint stands for; it may have no members yet. */
  readonly group?: string;
}

/** What a policy is looked at against: the devices that are logged in, and the routes that are approved. */
export interface Tailnet {
  readonly devices: readonly Endpoint[];
  readonly routes: readonly string[];
}

/** Ranges of the vendor's device addresses, as its filters write them for "*" (record of juanfont/headscale v0.29, acl_results). */
const deviceRanges: readonly string[] = ["100.64.0.0/10", "fd7a:115c:a1e0::/48"];
/** What is no internet: https://tailscale.com/kb/1337/policy-syntax#autogroups, autogroup:internet. */
const privateRanges: readonly string[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7"];

/** Whether a name on the given side of a rule means this endpoint; `peer` is the endpoint on the other side. */
export function means(
  policy: PolicyDocument,
  tailnet: Tailnet,
  side: "src" | "dst",
  name: string,
  endpoint: Endpoint,
  peer: Endpoint,
): boolean {
  const isPersonal = endpoint.tags.length === 0 && (endpoint.user !== undefined || endpoint.group !== undefined);
  switch (kindOf(name)) {
    case "any":
      return side === "dst" || endpoint.addresses.length === 0 || within(endpoint, [...deviceRanges, ...tailnet.routes]);
    case "tag":
      return endpoint.tags.includes(name);
    case "user":
      return isPersonal && endpoint.user === name;
    case "group":
      return isPersonal && (endpoint.group === name || policy.groups?.[name]?.includes(endpoint.user ?? "") === true);
    case "network":
      return within(endpoint, [name]);
    case "host":
      return within(endpoint, [policy.hosts?.[name] ?? ""]);
    case "autogroup":
      return isOfAutogroup(name, endpoint, peer, isPersonal);
    // The translation for headscale refuses policies with these before anything is looked at.
    case "domain":
    case "ipset":
    // No device: it has addresses of its own.
    case "service":
      return false;
  }
}

function isOfAutogroup(name: string, endpoint: Endpoint, peer: Endpoint, isPersonal: boolean): boolean {
  switch (name) {
    case "autogroup:member":
    case "autogroup:members":
      return isPersonal;
    case "autogroup:tagged":
      return endpoint.tags.length > 0;
    case "autogroup:admin":
    case "autogroup:owner":
      return isPersonal && endpoint.user === TAILNET_OWNER;
    case "autogroup:internet":
      return endpoint.addresses.length > 0 && !within(endpoint, [...privateRanges, ...deviceRanges]);
    case "autogroup:self":
      return isPersonal && endpoint.user !== undefined && peer.tags.length === 0 && peer.user === endpoint.user;
    case "autogroup:danger-all":
      return true;
    default:
      return false;
  }
}

/**
 * The endpoints that a name of a test stands for: the devices there are, or where there is none yet, one "authenticated with the provided
 * identity" (https://tailscale.com/kb/1337/policy-syntax#tests; a user need not be known at all: tailscale/tailscale#4416).
 */
export function endpointsOf(policy: PolicyDocument, { devices }: Tailnet, name: string): readonly Endpoint[] {
  switch (kindOf(name)) {
    case "tag":
      return orElse(
        devices.filter(({ tags }) => tags.includes(name)),
        { addresses: [], tags: [name] },
      );
    case "user":
      return orElse(
        devices.filter(({ user, tags }) => user === name && tags.length === 0),
        { addresses: [], tags: [], user: name },
      );
    case "group": {
      const members = policy.groups?.[name] ?? [];
      const devicesOf = (member: string): readonly Endpoint[] => endpointsOf(policy, { devices, routes: [] }, member);
      return orElse(
        members.flatMap(devicesOf).map((endpoint) => ({ ...endpoint, group: name })),
        { addresses: [], tags: [], group: name },
      );
    }
    case "host":
      return endpointsOf(policy, { devices, routes: [] }, policy.hosts?.[name] ?? "");
    case "network": {
      const device = devices.find(({ addresses }) => addresses.includes(name));
      return [{ tags: [], ...device, addresses: [name] }];
    }
    case "any":
    case "autogroup":
    case "ipset":
    case "service":
    case "domain":
      return [];
  }
}

function orElse(found: readonly Endpoint[], stand: Endpoint): readonly Endpoint[] {
  return found.length > 0 ? found : [stand];
}

function within({ addresses }: Endpoint, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const network of networks.map(networkOf)) if (network !== undefined) list.addSubnet(network.address, network.bits, network.family);
  return addresses.some((address) => list.check(address, address.includes(":") ? "ipv6" : "ipv4"));
}
