import { CloudError, type CloudAction, type CloudRequest } from "../contract";
import type { Arm } from "./arm";
import { TYPES } from "./arm-id";
import type { ArmStore, Resource } from "./arm-store";
import { CAPACITY_CODES, type Faults } from "./faults";
import { type JsonObject, objectAt, textAt } from "./json";
import { addressOf } from "./network-interfaces";
import type { Power } from "./power";
import { isSpot } from "./vm-profile";

/** The tag that names the node a machine is to become. */
const NODE_TAG = "hybrid-k3s-node";

/** What no client of Azure can ask for: faults, machines that vanish, and a look at everything. */
export function adminActions(store: ArmStore, arm: Arm, faults: Faults, power: Power): Readonly<Record<string, CloudAction>> {
  const machineAt = (request: CloudRequest): Resource => {
    const node = text(request, "node");
    const found = store.ofType(TYPES.virtualMachine).find(({ id, body }) => textAt(body, `tags.${NODE_TAG}`) === node || id.name === node);
    if (found !== undefined) return found;
    throw new CloudError("ResourceNotFound", `no virtual machine is tagged ${NODE_TAG}=${node} or named so`, 404);
  };
  /** Deletes a machine and waits until it is gone. */
  const remove = async (machine: Resource): Promise<{ readonly vmId: string }> => {
    const vmId = textAt(machine.body, "properties.vmId");
    arm.delete(machine.id.id, true);
    await arm.idle(machine.id.id);
    return { vmId };
  };
  return {
    evict: (request) => {
      const machine = machineAt(request);
      if (!isSpot(machine.body)) throw new CloudError("OperationNotAllowed", `${machine.id.name} is no Azure Spot Virtual Machine`, 409);
      if (textAt(machine.body, "properties.evictionPolicy") !== "Delete")
        throw new CloudError("NotAvailableInLab", "the lab evicts by deletion only");
      // learn.microsoft.com/azure/virtual-machines/spot-vms#eviction-policy: the disks go with it.
      machine.body = withDeletedDisk(machine.body);
      return remove(machine);
    },
    terminate: (request) => remove(machineAt(request)),
    /** Any of `powerOff`, `deallocate` and `start`, to its end. */
    act: async (request) => {
      const machine = machineAt(request);
      arm.act(machine.id.id, text(request, "name"));
      await arm.idle(machine.id.id);
      return { state: power.stateOf(machine) };
    },
    capacity: (request) => {
      const code = CAPACITY_CODES.find((known) => known === text(request, "code", "AllocationFailed"));
      if (code === undefined) throw new CloudError("InvalidParameter", `code must be one of ${CAPACITY_CODES.join(", ")}`);
      const location = text(request, "location", "");
      faults.failCapacity(code, count(request, "count"), location === "" ? undefined : location);
    },
    quota: (request) => faults.setQuota(text(request, "location"), count(request, "cores")),
    restrict: (request) => {
      const zone = text(request, "zone", "");
      faults.restrict({ vmSize: text(request, "vmSize"), location: text(request, "location"), ...(zone === "" ? {} : { zone }) });
    },
    noBoot: (request) => {
      faults.notBooting = count(request, "count", 1);
    },
    bootDelay: (request) => {
      faults.bootDelayMs = count(request, "seconds") * 1000;
    },
    clearFaults: () => faults.clear(),
    inventory: () => Object.fromEntries(Object.entries(TYPES).map(([kind, type]) => [kind, store.ofType(type).map(({ id }) => id.id)])),
    machineOf: (request) => {
      const machine = machineAt(request);
      return {
        machine: power.hostName(machine) ?? null,
        vmId: textAt(machine.body, "properties.vmId"),
        privateIp: addressOf(power.interfaceOf(machine)),
        state: power.stateOf(machine),
      };
    },
  };
}

function withDeletedDisk(body: JsonObject): JsonObject {
  const storage = objectAt(body, "properties.storageProfile");
  const storageProfile = { ...storage, osDisk: { ...objectAt(storage, "osDisk"), deleteOption: "Delete" } };
  return { ...body, properties: { ...objectAt(body, "properties"), storageProfile } };
}

function text(request: CloudRequest, name: string, otherwise?: string): string {
  const value = request[name] ?? otherwise;
  if (typeof value === "string") return value;
  throw new CloudError("InvalidParameter", `${name} must be a string`);
}

function count(request: CloudRequest, name: string, otherwise?: number): number {
  const value = request[name] ?? otherwise;
  if (typeof value === "number" && value >= 0) return value;
  throw new CloudError("InvalidParameter", `${name} must be a number`);
}
