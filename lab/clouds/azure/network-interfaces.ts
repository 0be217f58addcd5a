import { CloudError } from "../contract";
import { type ArmId, TYPES, keyOf, networkIdOf } from "./arm-id";
import type { ArmStore, Resource } from "./arm-store";
import { type JsonObject, checkChoice, invalidParameter, isObject, isSame, listAt, objectAt, requireText, textAt, without } from "./json";
import { claimAddress } from "./public-addresses";
import type { ResourceKind } from "./resource-kind";
import { freeAddress } from "./subnets";

/** `onChange` closes or opens the machine behind an interface whose group changed. */
export const networkInterfaces = (store: ArmStore, onChange: () => Promise<void>): ResourceKind => ({
  accept: (id, body, previous) => {
    const location = textAt(body, "location");
    const group = textAt(body, "properties.networkSecurityGroup.id");
    if (group !== "") store.referenced(group, TYPES.securityGroup, id, location);
    const given = listAt(body, "properties.ipConfigurations").filter(isObject);
    if (given.length !== 1) {
      throw given.length === 0
        ? new CloudError("IpConfigurationsCannotBeEmpty", `Network interface ${id.id} must have at least one IP configuration.`)
        : new CloudError("NotAvailableInLab", "an interface of the lab has one IP configuration");
    }
    const configurations = given.map((configuration) => {
      const subnetId = requireText(configuration, "properties.subnet.id");
      const subnet = store.referenced(subnetId, TYPES.subnet, id);
      if (textAt(store.get(networkIdOf(subnetId)).body, "location") !== location) {
        throw new CloudError(
          "InvalidResourceReference",
          `Resource ${subnetId} referenced by resource ${id.id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
        );
      }
      return completed(store, id, configuration, subnet, previous);
    });
    const machine = previous === undefined ? {} : objectAt(previous.body, "properties.virtualMachine");
    return {
      ...body,
      properties: {
        enableAcceleratedNetworking: false,
        enableIPForwarding: false,
        dnsSettings: { dnsServers: [] },
        nicType: "Standard",
        ...objectAt(body, "properties"),
        ipConfigurations: configurations,
        ...(textAt(machine, "id") === "" ? {} : { virtualMachine: machine }),
      },
    };
  },
  provision: onChange,
  release: ({ id, body }) => {
    const machine = textAt(body, "properties.virtualMachine.id");
    if (machine === "") return;
    throw new CloudError(
      "NicInUse",
      `Network Interface ${id.id} is used by existing resource ${machine}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.`,
    );
  },
});

export const addressOf = ({ body }: Resource): string =>
  textAt(listAt(body, "properties.ipConfigurations")[0], "properties.privateIPAddress");

export const subnetOf = (store: ArmStore, { body }: Resource): Resource =>
  store.get(textAt(listAt(body, "properties.ipConfigurations")[0], "properties.subnet.id"));

/** The groups that what reaches an interface has to pass. */
export function groupsOf(store: ArmStore, networkInterface: Resource): readonly Resource[] {
  return [subnetOf(store, networkInterface).body, networkInterface.body]
    .map((body) => textAt(body, "properties.networkSecurityGroup.id"))
    .filter((id) => id !== "")
    .map((id) => store.get(id));
}

/** Ties an interface to a machine, or sets it free. */
export function setMachine(networkInterface: Resource, machineId: string | undefined): void {
  const properties = without(objectAt(networkInterface.body, "properties"), "virtualMachine");
  networkInterface.body = {
    ...networkInterface.body,
    properties: machineId === undefined ? properties : { ...properties, virtualMachine: { id: machineId } },
  };
}

function completed(store: ArmStore, nic: ArmId, configuration: JsonObject, subnet: Resource, previous: Resource | undefined): JsonObject {
  const name = requireText(configuration, "name");
  const id = `${nic.id}/ipConfigurations/${name}`;
  checkChoice(configuration, "properties.privateIPAllocationMethod", ["Dynamic", "Static"]);
  const method = textAt(configuration, "properties.privateIPAllocationMethod") || "Dynamic";
  const wanted = textAt(configuration, "properties.privateIPAddress");
  if (method === "Static" && wanted === "")
    throw invalidParameter("privateIPAddress", `IP configuration ${id} is static and has no address.`);

  const reference = textAt(configuration, "properties.publicIPAddress.id");
  if (reference !== "") claimAddress(store, store.referenced(reference, TYPES.publicAddress, nic), id);

  const before = listAt(previous?.body, "properties.ipConfigurations").filter(isObject)[0];
  const isKept =
    before !== undefined &&
    keyOf(textAt(before, "properties.subnet.id")) === keyOf(subnet.id.id) &&
    (method === "Dynamic" || isSame(textAt(before, "properties.privateIPAddress"), wanted));
  const address = isKept ? textAt(before, "properties.privateIPAddress") : freeAddress(store, subnet, method === "Static" ? wanted : "");
  return {
    ...configuration,
    id,
    properties: {
      primary: true,
      privateIPAddressVersion: "IPv4",
      ...objectAt(configuration, "properties"),
      privateIPAllocationMethod: method,
      privateIPAddress: address,
    },
  };
}
