import type { ArmId } from "./arm-id";
import type { Resource } from "./arm-store";
import type { JsonObject } from "./json";

/** What ARM hands to the service behind one type. */
export interface ResourceKind {
  /** Without a location of its own (subnets). */
  readonly isPlaceless?: boolean;
  /** Refuses what the service would, and completes what it accepts: what this returns is kept. */
  accept(id: ArmId, body: JsonObject, previous: Resource | undefined): JsonObject;
  /** The work that a PUT starts; until it is done the resource is Creating or Updating, and if it fails, Failed. */
  provision?(resource: Resource, previous: JsonObject | undefined): Promise<void>;
  /** Read-only properties that follow from other resources, or that a GET leaves out. */
  view?(resource: Resource): JsonObject;
  /** More that a GET shows of it when asked, by the name of the property. */
  readonly expansions?: Readonly<Record<string, (resource: Resource) => JsonObject>>;
  /** What can be done with it beside PUT and DELETE. */
  readonly actions?: Readonly<Record<string, (resource: Resource) => Promise<void>>>;
  /** Refuses the deletion of what is in use. */
  release?(resource: Resource): void;
  /** The work of a deletion, before the resource is gone. */
  remove?(resource: Resource): Promise<void>;
}
