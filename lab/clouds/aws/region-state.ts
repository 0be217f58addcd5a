import { randomBytes } from "node:crypto";
import { CloudError } from "../contract";
import { zonesOf } from "./regions";

export interface Tagged {
  readonly id: string;
  tags: Record<string, string>;
}

export interface Vpc extends Tagged {
  readonly cidr: string;
  readonly mainRouteTableId: string;
  readonly defaultGroupId: string;
  dnsHostnames: boolean;
  dnsSupport: boolean;
}

export interface Subnet extends Tagged {
  readonly vpcId: string;
  readonly cidr: string;
  readonly zone: string;
  mapPublicIp: boolean;
  /** The address given out last, so that a new machine does not get the one that was just given back. */
  lastAddress: number;
}

export interface InternetGateway extends Tagged {
  vpcId?: string;
}

export interface Route {
  readonly destination: string;
  readonly gatewayId?: string;
  readonly natGatewayId?: string;
}

export interface RouteTable extends Tagged {
  readonly vpcId: string;
  readonly isMain: boolean;
  routes: readonly Route[];
  associations: readonly { readonly id: string; readonly subnetId: string }[];
}

/** One protocol, port range and source. */
export interface Permission {
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  /** IPv4 or IPv6 block. */
  readonly cidr: string;
  readonly description?: string;
}

export interface SecurityGroup extends Tagged {
  readonly vpcId: string;
  readonly name: string;
  readonly description: string;
  ingress: readonly Permission[];
  egress: readonly Permission[];
}

export interface NetworkInterface extends Tagged {
  readonly subnetId: string;
  readonly vpcId: string;
  readonly privateIp: string;
  groupIds: readonly string[];
  publicIp?: string;
}

export interface Volume extends Tagged {
  readonly instanceId: string;
  sizeGib: number;
  type: string;
  readonly isEncrypted: boolean;
  readonly zone: string;
}

export interface Address extends Tagged {
  readonly publicIp: string;
  associationId?: string;
  natGatewayId?: string;
}

export interface NatGateway extends Tagged {
  readonly subnetId: string;
  readonly vpcId: string;
  readonly allocationId?: string;
  readonly publicIp?: string;
  readonly privateIp: string;
  state: "pending" | "available" | "deleting" | "deleted";
}

export interface Instance extends Tagged {
  readonly imageId: string;
  type: string;
  vcpus: number;
  readonly isSpot: boolean;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly privateIp: string;
  readonly rootDeviceName: string;
  readonly metadataOptions: Readonly<Record<string, unknown>>;
  readonly interfaceId: string;
  readonly volumeId: string;
  readonly launchedAt: string;
  /** Its lab host; none where it never boots. */
  readonly machine?: string;
  /** Held from the launch on, shown once it runs, gone when it is stopped. */
  publicIp?: string;
  /** Whether it gets a public address each time that it gets power. */
  readonly lendsAddress: boolean;
  /** Termination protection (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html). */
  isProtected: boolean;
  /** What becomes of it when its system powers it off (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingInstanceInitiatedShutdownBehavior.html). */
  atPowerOff: "stop" | "terminate";
  state: "pending" | "running" | "stopping" | "stopped" | "shutting-down" | "terminated";
  stateReason?: { readonly Code: string; readonly Message: string };
  terminatedAt?: number;
  /** Answers NotFound until it was asked for once. */
  isPropagated: boolean;
  /** Resolves when its machine has power, or never will. */
  boot?: Promise<void>;
  /** Resolves when it is stopped. */
  stopping?: Promise<void>;
  /** Resolves when the machine is gone. */
  termination?: Promise<void>;
}

export interface RegionState {
  readonly region: string;
  readonly zones: readonly string[];
  readonly vpcs: Map<string, Vpc>;
  readonly subnets: Map<string, Subnet>;
  readonly gateways: Map<string, InternetGateway>;
  readonly routeTables: Map<string, RouteTable>;
  readonly groups: Map<string, SecurityGroup>;
  readonly interfaces: Map<string, NetworkInterface>;
  readonly volumes: Map<string, Volume>;
  readonly addresses: Map<string, Address>;
  readonly natGateways: Map<string, NatGateway>;
  readonly instances: Map<string, Instance>;
}

export const emptyRegion = (region: string): RegionState => ({
  region,
  zones: zonesOf(region),
  vpcs: new Map(),
  subnets: new Map(),
  gateways: new Map(),
  routeTables: new Map(),
  groups: new Map(),
  interfaces: new Map(),
  volumes: new Map(),
  addresses: new Map(),
  natGateways: new Map(),
  instances: new Map(),
});

/** As EC2 makes them: a prefix and 17 hexadecimal digits. */
export const newId = (prefix: string): string => `${prefix}-${randomBytes(9).toString("hex").slice(0, 17)}`;

/** What a kind's identifiers look like, and how EC2 calls it where it refuses one. */
const KINDS = {
  vpcs: ["vpc", "InvalidVpcID", "vpc ID"],
  subnets: ["subnet", "InvalidSubnetID", "subnet ID"],
  gateways: ["igw", "InvalidInternetGatewayID", "internetGateway ID"],
  routeTables: ["rtb", "InvalidRouteTableID", "routeTable ID"],
  groups: ["sg", "InvalidGroup", "security group"],
  interfaces: ["eni", "InvalidNetworkInterfaceID", "networkInterface ID"],
  volumes: ["vol", "InvalidVolume", "volume"],
  addresses: ["eipalloc", "InvalidAllocationID", "allocation ID"],
  natGateways: ["nat", "NatGateway", "NatGateway"],
  instances: ["i", "InvalidInstanceID", "instance ID"],
} as const;

export type Kind = keyof typeof KINDS;
export type Item<K extends Kind> = RegionState[K] extends Map<string, infer T> ? T & Tagged : never;

export const isIdOf = (kind: Kind, id: string): boolean => new RegExp(`^${KINDS[kind][0]}-[0-9a-f]{17}$`).test(id);

export function notFound(kind: Kind, id: string): CloudError {
  const [prefix, code, what] = KINDS[kind];
  if (!isIdOf(kind, id)) {
    return new CloudError(`${code}.Malformed`, `Invalid id: "${id}" (expecting "${prefix}-...")`);
  }
  return new CloudError(kind === "natGateways" ? "NatGatewayNotFound" : `${code}.NotFound`, `The ${what} '${id}' does not exist`);
}

export function find<K extends Kind>(state: RegionState, kind: K, id: string): Item<K> {
  const found = (state[kind] as Map<string, Item<K>>).get(id);
  if (found === undefined) throw notFound(kind, id);
  return found;
}
