import { CloudError } from "../contract";
import { type ArmId, type ResourceTypeName, TYPES, groupIdOf, keyOf, parseArmId } from "./arm-id";
import { type JsonObject, idsAt } from "./json";

export type ProvisioningState = "Creating" | "Updating" | "Succeeded" | "Failed" | "Deleting";

/** A resource as it stands; `body` is what was put, completed by the cloud, in the shape of ARM. */
export interface Resource {
  readonly id: ArmId;
  readonly etag: string;
  body: JsonObject;
  state: ProvisioningState;
}

/** All resources of all subscriptions. */
export class ArmStore {
  private readonly resources = new Map<string, Resource>();

  find(id: string): Resource | undefined {
    return this.resources.get(keyOf(id));
  }

  get(id: string): Resource {
    const armId = parseArmId(id);
    const found = this.find(id);
    if (found !== undefined) return found;
    this.checkGroup(armId);
    if (armId.type === TYPES.resourceGroup) throw groupNotFound(armId);
    if (armId.type === TYPES.subnet) {
      throw new CloudError("NotFound", `Resource ${id} not found.`, 404);
    }
    const short = `${armId.type}/${armId.name}`;
    throw new CloudError(
      "ResourceNotFound",
      `The Resource '${short}' under resource group '${armId.group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
      404,
    );
  }

  /** A resource that another one names: it must be there, and in the same region. */
  referenced(reference: string, type: ResourceTypeName, by: ArmId, location?: string): Resource {
    const target = parseArmId(reference);
    const found = this.find(reference);
    const isElsewhere = location !== undefined && type !== TYPES.subnet && found !== undefined && found.body["location"] !== location;
    if (target.type === type && found !== undefined && found.state !== "Deleting" && !isElsewhere) return found;
    throw new CloudError(
      "InvalidResourceReference",
      `Resource ${reference} referenced by resource ${by.id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
    );
  }

  checkGroup(id: ArmId): void {
    if (id.type === TYPES.resourceGroup) return;
    const group = this.find(groupIdOf(id));
    if (group === undefined) throw groupNotFound(id);
    if (group.state === "Deleting") {
      throw new CloudError(
        "ResourceGroupBeingDeleted",
        `The resource group '${id.group}' is in deprovisioning state and cannot perform this operation.`,
        409,
      );
    }
  }

  set(resource: Resource): void {
    this.resources.set(keyOf(resource.id.id), resource);
  }

  remove(resource: Resource): void {
    this.resources.delete(keyOf(resource.id.id));
  }

  ofType(type: ResourceTypeName): readonly Resource[] {
    return [...this.resources.values()].filter(({ id }) => id.type === type);
  }

  /** What stands in a group, or below another resource. */
  below(id: string): readonly Resource[] {
    return [...this.resources.entries()].filter(([key]) => key.startsWith(`${keyOf(id)}/`)).map(([, resource]) => resource);
  }

  /** The resources of a type that name `id` at one of these paths of their bodies. */
  naming(id: string, type: ResourceTypeName, ...paths: readonly string[]): readonly Resource[] {
    return this.ofType(type).filter(({ body }) => paths.some((path) => idsAt(body, path).some((named) => keyOf(named) === keyOf(id))));
  }
}

const groupNotFound = ({ group }: ArmId): CloudError =>
  new CloudError("ResourceGroupNotFound", `Resource group '${group}' could not be found.`, 404);
