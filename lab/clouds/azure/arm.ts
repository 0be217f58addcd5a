import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { CloudError } from "../contract";
import { type ArmId, type ResourceTypeName, TYPES, keyOf, networkIdOf, parseArmId } from "./arm-id";
import type { ArmStore, Resource } from "./arm-store";
import { type JsonObject, objectAt, requireText, textAt, textsAt, without } from "./json";
import { checkLocation, checkZones, normalLocation } from "./locations";
import type { ResourceKind } from "./resource-kind";

/** How long the services behind ARM take for what is no machine. */
const SERVICE_MS = 100;

/** What ARM answers a request with; the operation tells how the work ends (learn.microsoft.com/azure/azure-resource-manager/management/async-operations). */
export interface Answer {
  readonly status: number;
  readonly body?: JsonObject;
  readonly operation?: string;
}

export type OperationStatus =
  | { readonly status: "InProgress" | "Succeeded" }
  | { readonly status: "Failed"; readonly error: { readonly code: string; readonly message: string } };

/** Azure Resource Manager: takes requests for resources, hands them to the service behind the type, and keeps what they make. */
export class Arm {
  private readonly operations = new Map<string, OperationStatus>();
  private readonly work = new Map<string, Promise<void>>();
  private kinds: Readonly<Partial<Record<ResourceTypeName, ResourceKind>>> = {};

  constructor(private readonly store: ArmStore) {}

  serve(kinds: Readonly<Record<ResourceTypeName, ResourceKind>>): void {
    this.kinds = kinds;
  }

  get(id: string, expand = ""): JsonObject {
    parseArmId(id);
    const resource = this.store.get(id);
    return merged(this.view(resource), expand === "" ? {} : this.expansion(resource, expand));
  }

  /** `POST <id>/<name>`: what a service does with one of its resources. */
  act(id: string, name: string): Answer {
    const resource = this.store.get(id);
    const action = this.kindOf(resource.id).actions?.[name];
    if (action === undefined) throw new CloudError("InvalidResourceType", `${resource.id.type} has no action ${name}.`, 404);
    if (resource.state === "Deleting") throw new CloudError("Conflict", `The resource ${id} is being deleted.`, 409);
    return { status: 202, operation: this.start(resource, () => action(resource)) };
  }

  put(id: string, body: JsonObject, isOwnRequest = false): Answer {
    const armId = parseArmId(id);
    this.store.checkGroup(armId);
    const previous = this.store.find(id);
    if (!isOwnRequest) this.checkIdle(armId);
    if (previous?.state === "Deleting") throw new CloudError("Conflict", `The resource ${id} is being deleted.`, 409);
    const kind = this.kindOf(armId);
    const placed = kind.isPlaceless === true ? body : place(armId, body, previous);
    const accepted = kind.accept(previous?.id ?? armId, withoutReadOnly(placed), previous);
    const before = previous?.body;
    const resource = previous ?? { id: armId, etag: randomUUID(), body: accepted, state: "Creating" as const };
    resource.body = accepted;
    resource.state = previous === undefined ? "Creating" : "Updating";
    this.store.set(resource);
    const operation = this.start(resource, async () => {
      await setTimeout(SERVICE_MS);
      await kind.provision?.(resource, before);
      resource.state = "Succeeded";
    });
    return { status: previous === undefined ? 201 : 200, body: this.view(resource), operation };
  }

  delete(id: string, isOwnRequest = false): Answer {
    const armId = parseArmId(id);
    const resource = this.store.find(id);
    if (resource === undefined) {
      this.store.checkGroup(armId);
      return { status: 204 };
    }
    if (!isOwnRequest) this.checkIdle(armId);
    const kind = this.kindOf(armId);
    kind.release?.(resource);
    resource.state = "Deleting";
    const operation = this.start(resource, async () => {
      await setTimeout(SERVICE_MS);
      await kind.remove?.(resource);
      this.store.remove(resource);
    });
    return { status: 202, operation };
  }

  operation(id: string): OperationStatus {
    const found = this.operations.get(id);
    if (found === undefined) throw new CloudError("NotFound", `The operation '${id}' was not found.`, 404);
    return found;
  }

  /** Resolves when nothing works on a resource any more. */
  async idle(id: string): Promise<void> {
    await this.work.get(keyOf(id));
  }

  private view(resource: Resource): JsonObject {
    const { id, body, etag, state } = resource;
    const own = this.kindOf(id).view?.(resource) ?? body;
    const isGroup = id.type === TYPES.resourceGroup;
    const properties = { ...objectAt(own, "properties"), provisioningState: state };
    return { ...own, id: id.id, name: id.name, type: id.type, ...(isGroup ? {} : { etag }), properties };
  }

  private expansion(resource: Resource, expand: string): JsonObject {
    const expansion = this.kindOf(resource.id).expansions?.[expand];
    if (expansion === undefined) throw new CloudError("InvalidParameter", `The value '${expand}' of parameter '$expand' is not known.`);
    return { properties: { [expand]: expansion(resource) } };
  }

  private kindOf({ type }: ArmId): ResourceKind {
    const kind = this.kinds[type];
    if (kind === undefined) throw new CloudError("InvalidResourceType", `The resource type ${type} is not served.`, 404);
    return kind;
  }

  /** Work on one resource is done in the order of the requests. */
  private start(resource: Resource, work: () => Promise<void>): string {
    const operation = randomUUID();
    this.operations.set(operation, { status: "InProgress" });
    const key = keyOf(resource.id.id);
    const done = (this.work.get(key) ?? Promise.resolve()).then(work).then(
      () => void this.operations.set(operation, { status: "Succeeded" }),
      (error: unknown) => {
        resource.state = "Failed";
        const { code, message } = error instanceof CloudError ? error : { code: "InternalExecutionError", message: String(error) };
        this.operations.set(operation, { status: "Failed", error: { code, message } });
      },
    );
    this.work.set(key, done);
    return operation;
  }

  /** A virtual network and its subnets take one change at a time. */
  private checkIdle(id: ArmId): void {
    if (id.type !== TYPES.subnet) return;
    const network = networkIdOf(id.id);
    const others = [this.store.find(network), ...this.store.below(network)];
    if (others.every((other) => other === undefined || ["Succeeded", "Failed"].includes(other.state))) return;
    throw new CloudError(
      "AnotherOperationInProgress",
      `Another operation on this or dependent resource is in progress. To retrieve status of the operation, read ${network}.`,
      429,
    );
  }
}

const merged = (view: JsonObject, more: JsonObject): JsonObject => ({
  ...view,
  properties: { ...objectAt(view, "properties"), ...objectAt(more, "properties") },
});

function place(id: ArmId, body: JsonObject, previous: Resource | undefined): JsonObject {
  if (textAt(body, "location") === "") throw new CloudError("LocationRequired", "The location property is required for this definition.");
  const location = normalLocation(requireText(body, "location"));
  checkLocation(id, location);
  checkZones(id, location, textsAt(body, "zones"));
  const before = textAt(previous?.body, "location");
  if (previous !== undefined && before !== location && id.type !== TYPES.resourceGroup) {
    throw new CloudError(
      "InvalidResourceLocation",
      `The resource '${id.name}' already exists in location '${before}' in resource group '${id.group}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`,
      409,
    );
  }
  return { ...body, location };
}

/** What a client may send back as it read it. */
function withoutReadOnly(body: JsonObject): JsonObject {
  const properties = without(objectAt(body, "properties"), "provisioningState");
  return { ...without(body, "id", "name", "type", "etag"), properties };
}
