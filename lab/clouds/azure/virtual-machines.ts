import { randomUUID } from "node:crypto";
import { CloudError } from "../contract";
import { type ArmId, TYPES, keyOf, siblingId } from "./arm-id";
import type { ArmStore, Resource } from "./arm-store";
import type { Faults } from "./faults";
import { type JsonObject, at, isObject, listAt, objectAt, requireText, textAt, without } from "./json";
import { setMachine } from "./network-interfaces";
import type { Power } from "./power";
import type { ResourceKind } from "./resource-kind";
import { checkChanges, keepFixed } from "./vm-changes";
import { checkBootable, requireImage } from "./vm-images";
import { checkDisk, checkMachineZones, checkOsProfile, checkSpot } from "./vm-profile";
import { requireSize } from "./vm-sizes";

/** Cores in one region until a test says otherwise. */
const STANDARD_QUOTA = 100;
const DEFAULT_DISK_GB = 30;

export const virtualMachines = (store: ArmStore, faults: Faults, power: Power): ResourceKind => ({
  accept: (id, body, previous) => {
    const location = textAt(body, "location");
    const size = requireSize(requireText(body, "properties.hardwareProfile.vmSize"), location);
    if (previous !== undefined) checkChanges(previous.body, body);
    const kept = previous === undefined ? body : keepFixed(previous.body, body);
    const image = requireImage(kept);
    checkBootable(size, image);
    checkMachineZones(kept);
    checkSpot(kept, size.family);
    checkDisk(kept);
    checkOsProfile(kept);
    const interfaces = machineInterfaces(store, id, kept);
    const completed = complete(id, kept, image.exactVersion, previous?.body);
    if (previous === undefined) {
      checkDiskIsNew(store, id, completed);
      faults.checkSku(id, kept);
      checkQuota(store, faults, location, size.cores);
    }
    for (const networkInterface of interfaces) setMachine(networkInterface, id.id);
    return completed;
  },
  provision: async (machine) => {
    if (power.isAllocated(machine)) return;
    const failure = faults.allocationError(machine.body);
    if (failure !== undefined) throw failure;
    store.set(diskOf(machine));
    await power.on(machine);
  },
  view: ({ id, body, etag, state }) => ({
    ...withoutSecrets(body),
    id: id.id,
    etag,
    properties: { ...objectAt(withoutSecrets(body), "properties"), provisioningState: state },
  }),
  // https://learn.microsoft.com/rest/api/compute/virtual-machines/instance-view
  expansions: {
    instanceView: (machine) => ({
      statuses: [
        {
          code: `ProvisioningState/${machine.state.toLowerCase()}`,
          level: "Info",
          displayStatus: `Provisioning ${machine.state.toLowerCase()}`,
        },
        { code: `PowerState/${power.stateOf(machine)}`, level: "Info", displayStatus: `VM ${power.stateOf(machine)}` },
      ],
    }),
  },
  actions: {
    powerOff: (machine) => power.stop(machine, "stopped"),
    deallocate: (machine) => power.stop(machine, "deallocated"),
    start: (machine) => power.start(machine),
  },
  remove: async (machine) => {
    await power.off(machine);
    releaseParts(store, machine, textAt(machine.body, "properties.storageProfile.osDisk.deleteOption") === "Delete");
  },
});

export const disks = (): ResourceKind => ({
  accept: () => {
    throw new CloudError("NotAvailableInLab", "disks of the lab are made by their machines alone");
  },
  release: ({ id, body }) => {
    const owner = textAt(body, "managedBy");
    if (owner !== "") throw new CloudError("OperationNotAllowed", `Disk ${id.name} is attached to VM ${owner}.`, 409);
  },
});

/** What happens to the disk and the interfaces of a machine that goes: each by its deleteOption, whose default is Detach (learn.microsoft.com/azure/virtual-machines/delete). */
export function releaseParts(store: ArmStore, machine: Resource, withDisk: boolean): void {
  const disk = store.find(textAt(machine.body, "properties.storageProfile.osDisk.managedDisk.id"));
  if (disk !== undefined && withDisk) store.remove(disk);
  else if (disk !== undefined) disk.body = { ...disk.body, managedBy: null };
  for (const reference of listAt(machine.body, "properties.networkProfile.networkInterfaces")) {
    const networkInterface = store.find(textAt(reference, "id"));
    if (networkInterface === undefined) continue;
    setMachine(networkInterface, undefined);
    if (textAt(reference, "properties.deleteOption") === "Delete") store.remove(networkInterface);
  }
}

function machineInterfaces(store: ArmStore, id: ArmId, body: JsonObject): readonly Resource[] {
  const references = listAt(body, "properties.networkProfile.networkInterfaces").filter(isObject);
  if (references.length !== 1) {
    throw references.length === 0
      ? new CloudError("InvalidParameter", "Virtual machine must have at least one network interface. Target: 'networkProfile'.")
      : new CloudError("NotAvailableInLab", "a machine of the lab has one network interface");
  }
  return references.map((reference) => {
    const found = store.referenced(requireText(reference, "id"), TYPES.networkInterface, id, textAt(body, "location"));
    const owner = textAt(found.body, "properties.virtualMachine.id");
    if (owner === "" || keyOf(owner) === keyOf(id.id)) return found;
    throw new CloudError(
      "NicInUse",
      `Network Interface ${found.id.id} is used by existing resource ${owner}. In order to use it, it must be dissociated from that resource.`,
    );
  });
}

function complete(id: ArmId, body: JsonObject, exactVersion: string, old: JsonObject | undefined): JsonObject {
  const storage = objectAt(body, "properties.storageProfile");
  const osDisk = objectAt(storage, "osDisk");
  const name = textAt(osDisk, "name") || `${id.name}_OsDisk_1_${randomUUID().replaceAll("-", "")}`;
  const linux = objectAt(body, "properties.osProfile.linuxConfiguration");
  const patchSettings = { patchMode: "ImageDefault", assessmentMode: "ImageDefault" };
  return {
    ...body,
    properties: {
      ...objectAt(body, "properties"),
      vmId: textAt(old, "properties.vmId") || randomUUID(),
      timeCreated: textAt(old, "properties.timeCreated") || new Date().toISOString(),
      osProfile: {
        secrets: [],
        allowExtensionOperations: true,
        requireGuestProvisionSignal: true,
        ...objectAt(body, "properties.osProfile"),
        linuxConfiguration: { provisionVMAgent: true, patchSettings, ...linux },
      },
      storageProfile: {
        dataDisks: [],
        ...storage,
        imageReference: { ...objectAt(storage, "imageReference"), exactVersion },
        osDisk: {
          osType: "Linux",
          caching: "None",
          deleteOption: "Detach",
          diskSizeGB: DEFAULT_DISK_GB,
          ...osDisk,
          name,
          managedDisk: { storageAccountType: "Standard_LRS", ...objectAt(osDisk, "managedDisk"), id: siblingId(id, TYPES.disk, name) },
        },
      },
    },
  };
}

function diskOf({ id, body }: Resource): Resource {
  const osDisk = objectAt(body, "properties.storageProfile.osDisk");
  const diskId = siblingId(id, TYPES.disk, textAt(osDisk, "name"));
  return {
    id: { ...id, id: diskId, type: TYPES.disk, name: textAt(osDisk, "name") },
    etag: randomUUID(),
    state: "Succeeded",
    body: {
      location: textAt(body, "location"),
      zones: body["zones"],
      sku: { name: textAt(osDisk, "managedDisk.storageAccountType") },
      managedBy: id.id,
      properties: {
        diskSizeGB: at(osDisk, "diskSizeGB"),
        osType: "Linux",
        diskState: "Attached",
        encryption: { type: "EncryptionAtRestWithPlatformKey" },
      },
    },
  };
}

function checkDiskIsNew(store: ArmStore, id: ArmId, body: JsonObject): void {
  const name = textAt(body, "properties.storageProfile.osDisk.name");
  if (store.find(siblingId(id, TYPES.disk, name)) === undefined) return;
  throw new CloudError(
    "ConflictingUserInput",
    `Disk ${name} already exists in resource group ${id.group.toUpperCase()}. Only CreateOption.Attach is supported.`,
    409,
  );
}

function checkQuota(store: ArmStore, faults: Faults, location: string, required: number): void {
  const used = store
    .ofType(TYPES.virtualMachine)
    .filter(({ body }) => textAt(body, "location") === location)
    .reduce((sum, { body }) => sum + requireSize(textAt(body, "properties.hardwareProfile.vmSize"), location).cores, 0);
  const limit = faults.quota(location, STANDARD_QUOTA);
  if (used + required <= limit) return;
  throw new CloudError(
    "OperationNotAllowed",
    `Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Additional details - Deployment Model: Resource Manager, Location: ${location}, Current Limit: ${limit}, Current Usage: ${used}, Additional Required: ${required}, (Minimum) New Limit Required: ${used + required}. Setup Alerts when Quota reaches threshold. Learn more at https://aka.ms/quotamonitoringalerting .`,
    409,
  );
}

/** A GET never shows custom data or a password. */
function withoutSecrets(body: JsonObject): JsonObject {
  const osProfile = without(objectAt(body, "properties.osProfile"), "customData", "adminPassword");
  return { ...body, properties: { ...objectAt(body, "properties"), osProfile } };
}
