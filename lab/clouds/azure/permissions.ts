import type { CloudRequest } from "../contract";
import { type ResourceTypeName, TYPES, parseArmId } from "./arm-id";
import { type Json, isObject, textAt } from "./json";

const VERBS: Readonly<Record<string, string>> = { Get: "read", Put: "write", Delete: "delete" };

/** Types that nobody may refer to without the right to join them (learn.microsoft.com/azure/role-based-access-control/permissions/networking). */
const JOINED: readonly ResourceTypeName[] = [
  TYPES.subnet,
  TYPES.securityGroup,
  TYPES.networkInterface,
  TYPES.publicAddress,
  TYPES.natGateway,
];

/** Actions of an Azure role that a call needs. */
export function azurePermissions(action: string, request: CloudRequest): readonly string[] {
  // The end of what another call began, at an address that this call gave.
  if (action === "Operation") return [];
  const { id, body, name } = request as CloudRequest & { readonly id: string; readonly body?: Json; readonly name?: string };
  const own = parseArmId(id);
  const verb = VERBS[action] ?? `${String(name)}/action`;
  const all = [`${roleType(own.type)}/${verb}`];
  if (action !== "Put") return all;
  for (const type of idsIn(body).map(typeOf)) if (type !== undefined && JOINED.includes(type)) all.push(`${type}/join/action`);
  if (own.type === TYPES.virtualMachine) all.push(...diskPermissions(body));
  return all;
}

/** A machine's disk is made and removed with it, by who makes and removes the machine (learn.microsoft.com/azure/role-based-access-control/permissions/compute). */
function diskPermissions(body: Json | undefined): readonly string[] {
  const isRemoved = textAt(body, "properties.storageProfile.osDisk.deleteOption") === "Delete";
  return [`${TYPES.disk}/write`, ...(isRemoved ? [`${TYPES.disk}/delete`] : [])];
}

/** Undefined for a type that this Azure does not have. */
function typeOf(id: string): ResourceTypeName | undefined {
  const kinds = id.split("/").filter((_, index) => index > 6 && index % 2 === 1);
  const wanted = [id.split("/")[6], ...kinds].join("/").toLowerCase();
  return Object.values(TYPES).find((type) => type.toLowerCase() === wanted);
}

const roleType = (type: ResourceTypeName): string =>
  type === TYPES.resourceGroup ? "Microsoft.Resources/subscriptions/resourceGroups" : type;

/** Everything that a body refers to by its id. */
function idsIn(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(idsIn);
  if (!isObject(value)) return [];
  const { id } = value;
  return [...(typeof id === "string" && id.startsWith("/subscriptions/") ? [id] : []), ...Object.values(value).flatMap(idsIn)];
}
