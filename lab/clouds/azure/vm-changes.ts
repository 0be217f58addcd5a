import { CloudError } from "../contract";
import { type Json, type JsonObject, at, isObject, isSame, listAt, textAt } from "./json";

/**
 * What a PUT may not change on a machine that stands. learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
 * (PropertyChangeNotAllowed); the list follows hashicorp/terraform-provider-azurerm: linux_virtual_machine, whose ForceNew fields quote the errors.
 */
const FIXED = [
  "properties.osProfile.computerName",
  "properties.osProfile.adminUsername",
  "properties.osProfile.adminPassword",
  "properties.osProfile.customData",
  "properties.osProfile.linuxConfiguration.disablePasswordAuthentication",
  "properties.osProfile.linuxConfiguration.ssh",
  "properties.storageProfile.imageReference",
  "properties.storageProfile.osDisk.name",
  "properties.storageProfile.osDisk.createOption",
  "properties.priority",
  "properties.evictionPolicy",
];

/** A field that is left out keeps its value, as where a client sends back what it read. */
export function checkChanges(old: JsonObject, now: JsonObject): void {
  if (!isSame([...zones(old)].sort(), [...zones(now)].sort())) throw notAllowed("zones");
  const interfaces = [old, now].map((body) =>
    listAt(body, "properties.networkProfile.networkInterfaces").map((one) => textAt(one, "id").toLowerCase()),
  );
  if (!isSame(interfaces[0], interfaces[1])) {
    throw new CloudError(
      "AddingOrDeletingNetworkInterfacesOnARunningVirtualMachineNotSupported",
      "Secondary network interfaces cannot be added to or removed from a running virtual machine.",
      409,
    );
  }
  for (const path of FIXED) {
    const [before, after] = [at(old, path), at(now, path)];
    if (after !== undefined && !isWithin(after, before)) throw notAllowed(path.replace(/^properties\./, ""));
  }
}

/** The fields that a PUT may leave out, put back. */
export function keepFixed(old: JsonObject, now: JsonObject): JsonObject {
  return FIXED.reduce((body, path) => (at(body, path) === undefined ? withAt(body, path.split("."), at(old, path)) : body), now);
}

function withAt(body: JsonObject, [name = "", ...rest]: readonly string[], value: Json | undefined): JsonObject {
  if (value === undefined) return body;
  if (rest.length === 0) return { ...body, [name]: value };
  const inner = body[name];
  return { ...body, [name]: withAt(isObject(inner) ? inner : {}, rest, value) };
}

const zones = (body: JsonObject): readonly Json[] => {
  const found = body["zones"];
  return Array.isArray(found) ? (found as readonly Json[]) : [];
};

/** Fields that the cloud has added to an object are no change. */
function isWithin(after: Json, before: Json | undefined): boolean {
  if (!isObject(after) || !isObject(before)) return isSame(after, before);
  return Object.entries(after).every(([name, value]) => value === undefined || isWithin(value, before[name]));
}

const notAllowed = (property: string): CloudError =>
  new CloudError("PropertyChangeNotAllowed", `Changing property '${property}' is not allowed.`, 409);
