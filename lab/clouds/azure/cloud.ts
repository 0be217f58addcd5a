import { type Cloud, CloudError, type CloudRequest, type Machines } from "../contract";
import { adminActions } from "./admin";
import { Arm } from "./arm";
import { type ResourceTypeName, TYPES } from "./arm-id";
import { ArmStore } from "./arm-store";
import { Faults } from "./faults";
import { type Json, type JsonObject, isObject } from "./json";
import { networkInterfaces } from "./network-interfaces";
import { Power } from "./power";
import { natGateways, publicAddresses } from "./public-addresses";
import { resourceGroups } from "./resource-groups";
import { securityGroups } from "./security-groups";
import { subnets } from "./subnets";
import { disks, virtualMachines } from "./virtual-machines";
import { virtualNetworks } from "./virtual-networks";

/** Users before what they use, as a group's deletion takes them. */
const DELETION_ORDER: readonly ResourceTypeName[] = [
  TYPES.virtualMachine,
  TYPES.networkInterface,
  TYPES.virtualNetwork,
  TYPES.natGateway,
  TYPES.publicAddress,
  TYPES.securityGroup,
  TYPES.disk,
];

/** An Azure in memory whose virtual machines are hosts of the lab. */
export function createAzure(machines: Machines): Cloud {
  const store = new ArmStore();
  const faults = new Faults();
  const power = new Power(store, machines, faults);
  const arm = new Arm(store);
  const refreshFirewalls = () => power.refreshFirewalls();
  arm.serve({
    [TYPES.resourceGroup]: resourceGroups((groupId) => removeAll(store, arm, groupId)),
    [TYPES.virtualNetwork]: virtualNetworks(store, {
      put: (id, body) => void arm.put(id, body, true),
      drop: (subnet) => store.remove(subnet),
    }),
    [TYPES.subnet]: { ...subnets(store), provision: refreshFirewalls },
    [TYPES.securityGroup]: securityGroups(store, refreshFirewalls),
    [TYPES.networkInterface]: networkInterfaces(store, refreshFirewalls),
    [TYPES.publicAddress]: publicAddresses(store),
    [TYPES.natGateway]: natGateways(store),
    [TYPES.virtualMachine]: virtualMachines(store, faults, power),
    [TYPES.disk]: disks(),
  });
  return {
    actions: {
      Put: (request) => arm.put(idIn(request), bodyIn(request)),
      Get: (request) => arm.get(idIn(request), typeof request["expand"] === "string" ? request["expand"] : ""),
      Post: (request) => arm.act(idIn(request), actionIn(request)),
      Delete: (request) => arm.delete(idIn(request)),
      Operation: (request) => arm.operation(idIn(request)),
    },
    admin: adminActions(store, arm, faults, power),
  };
}

async function removeAll(store: ArmStore, arm: Arm, groupId: string): Promise<void> {
  for (const type of DELETION_ORDER) {
    const content = store.below(groupId).filter(({ id }) => id.type === type);
    for (const { id } of content) arm.delete(id.id, true);
    await Promise.all(content.map(({ id }) => arm.idle(id.id)));
  }
  const [left] = store.below(groupId);
  if (left !== undefined)
    throw new CloudError("ResourceGroupDeletionBlocked", `Deletion of the resource group was blocked by ${left.id.id}.`, 409);
}

function idIn({ id }: CloudRequest): string {
  if (typeof id === "string") return id;
  throw new CloudError("InvalidRequest", "the request names no resource id");
}

function actionIn({ name }: CloudRequest): string {
  if (typeof name === "string") return name;
  throw new CloudError("InvalidRequest", "the request names no action");
}

function bodyIn({ body }: CloudRequest): JsonObject {
  const value = body as Json | undefined;
  if (isObject(value)) return value;
  throw new CloudError("InvalidRequestContent", "The request content was invalid and could not be deserialized: it is no JSON object.");
}
