import { CloudError } from "../contract";
import { type ArmId, TYPES, networkIdOf } from "./arm-id";
import type { ArmStore, Resource } from "./arm-store";
import { type Range, contains, formatAddress, overlaps, parseCidr } from "./cidr";
import { type JsonObject, at, invalidParameter, isObject, listAt, objectAt, textAt, textsAt } from "./json";
import type { ResourceKind } from "./resource-kind";

/** learn.microsoft.com/azure/virtual-network/virtual-networks-faq: the first four addresses of a subnet and its last are Azure's. */
const RESERVED_AT_START = 4;
const LONGEST_PREFIX = 29;

export const subnets = (store: ArmStore): ResourceKind => ({
  isPlaceless: true,
  accept: (id, body, previous) => {
    const networkId = networkIdOf(id.id);
    const network = store.get(networkId);
    const range = requireRange(id, body);
    if (!addressSpaces(network.body).some((space) => contains(space, range))) throw outsideNetwork(id.name, network.id.name);
    for (const other of store.below(networkId).filter((subnet) => subnet !== previous)) {
      const taken = parseCidr(subnetPrefix(other.body));
      if (taken !== undefined && overlaps(taken, range)) throw overlapping(id.name, other.id.name);
    }
    if (previous !== undefined && subnetPrefix(previous.body) !== subnetPrefix(body))
      checkUnused(store, previous, "InUsePrefixCannotBeDeleted");
    const location = textAt(network.body, "location");
    for (const [name, type] of [
      ["natGateway", TYPES.natGateway],
      ["networkSecurityGroup", TYPES.securityGroup],
    ] as const) {
      const reference = textAt(body, `properties.${name}.id`);
      if (reference !== "") store.referenced(reference, type, id, location);
      else if (at(body, `properties.${name}`) !== undefined)
        throw invalidParameter(name, `Property '${name}' must name a resource by its id.`);
    }
    return body;
  },
  view: (subnet) => subnetView(store, subnet),
  release: (subnet) => checkUnused(store, subnet),
});

export function addressSpaces(network: JsonObject): readonly Range[] {
  return textsAt(network, "properties.addressSpace.addressPrefixes").map((prefix) => {
    const range = parseCidr(prefix);
    if (range !== undefined) return range;
    throw new CloudError(
      "InvalidAddressPrefixFormat",
      `Address prefix ${prefix} of resource ${TYPES.virtualNetwork} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.`,
    );
  });
}

export const subnetPrefix = (subnet: JsonObject): string =>
  textAt(subnet, "properties.addressPrefix") || (textsAt(subnet, "properties.addressPrefixes")[0] ?? "");

export function subnetView(store: ArmStore, { id, body, etag, state }: Resource): JsonObject {
  const defaults = { delegations: [], privateEndpointNetworkPolicies: "Disabled", privateLinkServiceNetworkPolicies: "Enabled" };
  const configurations = configurationsIn(store, id.id);
  const used = configurations.length === 0 ? {} : { ipConfigurations: configurations.map(([configuration]) => ({ id: configuration })) };
  return { ...body, etag, properties: { ...defaults, ...objectAt(body, "properties"), ...used, provisioningState: state } };
}

export function checkUnused(store: ArmStore, { id }: Resource, code = "InUseSubnetCannotBeDeleted"): void {
  const [user] = configurationsIn(store, id.id);
  if (user === undefined) return;
  throw new CloudError(
    code,
    `Subnet ${id.name} is in use by ${user[0]} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
  );
}

/** The lowest address of a subnet that is free. */
export function freeAddress(store: ArmStore, subnet: Resource, wanted: string): string {
  const range = requireRange(subnet.id, subnet.body);
  const taken = new Set(configurationsIn(store, subnet.id.id).map(([, address]) => address));
  if (wanted !== "") {
    const only = parseCidr(wanted);
    if (only === undefined || !contains(range, only))
      throw new CloudError(
        "PrivateIPAddressNotInSubnet",
        `Private static IP address ${wanted} does not belong to the range of subnet prefix ${subnetPrefix(subnet.body)}.`,
      );
    if (only.first < range.first + RESERVED_AT_START || only.first === range.last)
      throw new CloudError(
        "PrivateIPAddressInReservedRange",
        `Private static IP address ${wanted} falls within reserved IP range of subnet prefix ${subnetPrefix(subnet.body)}.`,
      );
    if (taken.has(wanted))
      throw new CloudError(
        "PrivateIPAddressIsAllocated",
        `IP configuration address ${wanted} is already allocated in subnet ${subnet.id.id}.`,
      );
    return wanted;
  }
  for (let address = range.first + RESERVED_AT_START; address < range.last; address++) {
    if (!taken.has(formatAddress(address))) return formatAddress(address);
  }
  throw new CloudError(
    "SubnetIsFull",
    `Subnet ${subnet.id.name} with address prefix ${subnetPrefix(subnet.body)} does not have enough capacity for 1 IP addresses.`,
  );
}

/** The IP configurations of network interfaces in a subnet, each with its address. */
function configurationsIn(store: ArmStore, subnetId: string): readonly (readonly [id: string, address: string])[] {
  return store.ofType(TYPES.networkInterface).flatMap(({ id, body }) =>
    listAt(body, "properties.ipConfigurations")
      .filter(isObject)
      .filter((configuration) => textAt(configuration, "properties.subnet.id").toLowerCase() === subnetId.toLowerCase())
      .map(
        (configuration) =>
          [`${id.id}/ipConfigurations/${textAt(configuration, "name")}`, textAt(configuration, "properties.privateIPAddress")] as const,
      ),
  );
}

function requireRange(id: ArmId, body: JsonObject): Range {
  const prefix = subnetPrefix(body);
  const range = parseCidr(prefix);
  if (range === undefined) {
    throw new CloudError(
      "InvalidAddressPrefixFormat",
      `Address prefix ${prefix || "<null>"} of resource ${id.id} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.`,
    );
  }
  if (range.prefixLength > LONGEST_PREFIX)
    throw new CloudError(
      "NetcfgInvalidSubnet",
      `Subnet '${id.name}' is not valid in virtual network: the smallest prefix is /${LONGEST_PREFIX}.`,
    );
  return range;
}

export const outsideNetwork = (subnet: string, network: string): CloudError =>
  new CloudError(
    "NetcfgSubnetRangeOutsideVnet",
    `Subnet '${subnet}' is not valid because its IP address range is outside the IP address range of virtual network '${network}'.`,
  );

const overlapping = (subnet: string, other: string): CloudError =>
  new CloudError(
    "NetcfgSubnetRangesOverlap",
    `Subnet '${subnet}' is not valid because its IP address range overlaps with that of an existing subnet '${other}'.`,
  );
