import { CloudError } from "../contract";
import { type ArmId, TYPES, keyOf } from "./arm-id";
import type { ArmStore, Resource } from "./arm-store";
import {
  type JsonObject,
  checkChoice,
  idsAt,
  invalidParameter,
  isSame,
  listAt,
  isObject,
  objectAt,
  textAt,
  textsAt,
  without,
} from "./json";
import type { ResourceKind } from "./resource-kind";

/** RFC 5737: for show only, since no machine of this cloud is reached by an address of its own. */
const SHOWN_NETWORK = "203.0.113";
const MOST_ADDRESSES = 254;

export const publicAddresses = (store: ArmStore): ResourceKind => ({
  accept: (id, body, previous) => {
    checkChoice(body, "sku.name", ["Basic", "Standard", "StandardV2"]);
    checkChoice(body, "properties.publicIPAllocationMethod", ["Static", "Dynamic"]);
    const sku = textAt(body, "sku.name") || "Basic";
    const method = textAt(body, "properties.publicIPAllocationMethod") || "Dynamic";
    // learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses#sku
    if (sku === "Basic") {
      throw new CloudError(
        "IPv4BasicSkuPublicIpCountLimitReached",
        "Cannot create more than 0 IPv4 Basic SKU public IP addresses for this subscription in this region.",
      );
    }
    if (method !== "Static")
      throw new CloudError(
        "StandardSkuPublicIPAddressesMustBeStatic",
        `Standard sku publicIp ${id.id} must have AllocationMethod set to Static.`,
      );
    if (previous !== undefined) checkKept(id, previous.body, body);
    const ipAddress = previous === undefined ? nextAddress(store) : textAt(previous.body, "properties.ipAddress");
    const defaults = { publicIPAddressVersion: "IPv4", idleTimeoutInMinutes: 4, ipTags: [] };
    const given = without(objectAt(body, "properties"), "natGateway", "ipConfiguration");
    return { ...body, sku: { tier: "Regional", ...objectAt(body, "sku") }, properties: { ...defaults, ...given, ipAddress } };
  },
  view: ({ id, body }) => {
    const user = userOf(store, id.id);
    const gateway = store.naming(id.id, TYPES.natGateway, "properties.publicIpAddresses")[0];
    return {
      ...body,
      properties: {
        ...objectAt(body, "properties"),
        ...(gateway === undefined ? {} : { natGateway: { id: gateway.id.id } }),
        ...(gateway === undefined && user !== undefined ? { ipConfiguration: { id: user } } : {}),
      },
    };
  },
  release: ({ id }) => {
    const user = userOf(store, id.id);
    if (user === undefined) return;
    throw new CloudError(
      "PublicIPAddressCannotBeDeleted",
      `Public IP address ${id.id} can not be deleted since it is still allocated to resource ${user}. In order to delete the public IP, disassociate/detach the Public IP address from the resource. To learn how to do this, see aka.ms/deletepublicip.`,
    );
  },
});

function checkKept({ id, name }: ArmId, old: JsonObject, now: JsonObject): void {
  if (!isSame([...textsAt(old, "zones")].sort(), [...textsAt(now, "zones")].sort())) {
    throw new CloudError(
      "ResourceAvailabilityZonesCannotBeModified",
      `Resource ${id} has an existing availability zone constraint ${textsAt(old, "zones").join(", ")} and the request has availability zone constraint ${textsAt(now, "zones").join(", ")}, which do not match. Zones cannot be added/updated/removed once the resource is created.`,
    );
  }
  if (textAt(old, "sku.name") !== textAt(now, "sku.name")) {
    throw new CloudError(
      "PublicIPAddressSkuCannotBeChanged",
      `Sku of public IP address ${name} cannot be changed from ${textAt(old, "sku.name")} to ${textAt(now, "sku.name")}.`,
    );
  }
}

function nextAddress(store: ArmStore): string {
  const taken = store.ofType(TYPES.publicAddress).map(({ body }) => textAt(body, "properties.ipAddress"));
  for (let last = 1; last <= MOST_ADDRESSES; last++) {
    const address = `${SHOWN_NETWORK}.${last}`;
    if (!taken.includes(address)) return address;
  }
  throw new CloudError(
    "PublicIPCountLimitReached",
    `Cannot create more than ${MOST_ADDRESSES} public IP addresses for this subscription in this region.`,
  );
}

/** What holds an address: an IP configuration of an interface, or a NAT gateway. */
function userOf(store: ArmStore, addressId: string): string | undefined {
  const gateway = store.naming(addressId, TYPES.natGateway, "properties.publicIpAddresses")[0];
  if (gateway !== undefined) return gateway.id.id;
  for (const { id, body } of store.ofType(TYPES.networkInterface)) {
    const holder = listAt(body, "properties.ipConfigurations")
      .filter(isObject)
      .find((configuration) => keyOf(textAt(configuration, "properties.publicIPAddress.id")) === keyOf(addressId));
    if (holder !== undefined) return `${id.id}/ipConfigurations/${textAt(holder, "name")}`;
  }
  return undefined;
}

/** An address can serve one resource only. */
export function claimAddress(store: ArmStore, address: Resource, user: string): void {
  const holder = userOf(store, address.id.id);
  if (holder === undefined || keyOf(holder) === keyOf(user)) return;
  throw new CloudError(
    "PublicIPAddressInUse",
    `Resource ${user} is referencing public IP address ${address.id.id} that is already allocated to resource ${holder}.`,
  );
}

export const natGateways = (store: ArmStore): ResourceKind => ({
  accept: (id, body, previous) => {
    checkChoice(body, "sku.name", ["Standard", "StandardV2"]);
    if (textAt(body, "sku.name") === "") throw invalidParameter("sku.name", `NAT gateway ${id.id} needs a sku.`);
    // learn.microsoft.com/azure/nat-gateway/nat-availability-zones: no zone or one.
    const zones = textsAt(body, "zones");
    if (zones.length > 1) throw new CloudError("NatGatewayWithMultipleZonesNotSupported", `NAT gateway ${id.id} can be in one zone only.`);
    if (previous !== undefined && !isSame(textsAt(previous.body, "zones"), zones)) {
      throw new CloudError(
        "ResourceAvailabilityZonesCannotBeModified",
        `Resource ${id.id} has an existing availability zone constraint. Zones cannot be added/updated/removed once the resource is created.`,
      );
    }
    for (const reference of idsAt(body, "properties.publicIpAddresses")) {
      const address = store.referenced(reference, TYPES.publicAddress, id, textAt(body, "location"));
      claimAddress(store, address, id.id);
      const addressZones = textsAt(address.body, "zones");
      if (zones.length === 1 && addressZones.length > 0 && !addressZones.includes(zones[0] ?? "")) {
        throw new CloudError(
          "NatGatewayAndPublicIpZonesDoNotMatch",
          `NAT gateway ${id.id} in zone ${zones.join()} cannot use public IP address ${reference} in zone(s) ${addressZones.join()}.`,
        );
      }
    }
    return { ...body, properties: { idleTimeoutInMinutes: 4, ...objectAt(body, "properties") } };
  },
  view: ({ id, body }) => {
    const users = store.naming(id.id, TYPES.subnet, "properties.natGateway").map((subnet) => ({ id: subnet.id.id }));
    return { ...body, properties: { ...objectAt(body, "properties"), ...(users.length === 0 ? {} : { subnets: users }) } };
  },
  release: ({ id }) => {
    const users = store.naming(id.id, TYPES.subnet, "properties.natGateway").map((subnet) => subnet.id.id);
    if (users.length === 0) return;
    throw new CloudError(
      "InUseNatGatewayCannotBeDeleted",
      `NAT gateway ${id.id} cannot be deleted because it is in use by the following resources: ${users.join(", ")}. In order to delete the NAT gateway, remove the association with the resource(s).`,
    );
  },
});
