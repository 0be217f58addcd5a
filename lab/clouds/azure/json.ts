import { CloudError } from "../contract";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What stands at a path such as `properties.subnet.id`; undefined where any part is missing. */
export function at(value: Json | undefined, path: string): Json | undefined {
  return path.split(".").reduce<Json | undefined>((inner, name) => (isObject(inner) ? (inner[name] ?? undefined) : undefined), value);
}

export function textAt(value: Json | undefined, path: string): string {
  const found = at(value, path);
  return typeof found === "string" ? found : "";
}

export function objectAt(value: Json | undefined, path: string): JsonObject {
  const found = at(value, path);
  return isObject(found) ? found : {};
}

export function listAt(value: Json | undefined, path: string): readonly Json[] {
  const found = at(value, path);
  return Array.isArray(found) ? (found as readonly Json[]) : [];
}

export const textsAt = (value: Json | undefined, path: string): readonly string[] =>
  listAt(value, path).filter((item): item is string => typeof item === "string");

/** Ids at `path.id` of the items of a list, or of one object. */
export function idsAt(value: Json | undefined, path: string): readonly string[] {
  const found = at(value, path);
  const items = Array.isArray(found) ? (found as readonly Json[]) : [found];
  return items.map((item) => textAt(item, "id")).filter((id) => id !== "");
}

/** Equal whatever the order of the keys. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: Json | undefined): string {
  return JSON.stringify(value ?? null, (_key, inner: Json) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1))) : inner,
  );
}

export function without(object: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

export function requireText(body: JsonObject, path: string): string {
  const value = textAt(body, path);
  if (value === "") throw invalidParameter(path, `Required parameter '${lastName(path)}' is missing (null).`);
  return value;
}

/** One of a service's own choices, compared as Azure does: without regard to case. */
export function checkChoice(body: JsonObject, path: string, choices: readonly string[]): void {
  const value = textAt(body, path);
  if (value === "" || choices.some((choice) => choice.toLowerCase() === value.toLowerCase())) return;
  throw invalidParameter(
    path,
    `The value '${value}' of parameter '${lastName(path)}' is not allowed. Allowed values are: ${choices.join(", ")}.`,
  );
}

export const invalidParameter = (target: string, message: string): CloudError =>
  new CloudError("InvalidParameter", `${message} Target: '${lastName(target)}'.`);

const lastName = (path: string): string => path.replace(/^properties\./, "");
