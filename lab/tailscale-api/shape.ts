import { ApiError, unknownField } from "./api-error";

/** Just enough of Go's encoding/json with DisallowUnknownFields: names match without case, unknown ones are refused. */
export type Shape =
  | "string"
  | "number"
  | "boolean"
  | "any"
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

/** Returns `value` with canonical field names, or throws the refusal. */
export function readShape(shape: Shape, value: unknown, path = ""): unknown {
  if (shape === "any" || value === null || value === undefined) return value;
  if (typeof shape === "string") {
    if (typeof value !== shape) throw wrongType(value, path, shape);
    return value;
  }
  if ("list" in shape) {
    if (!Array.isArray(value)) throw wrongType(value, path, "array");
    return value.map((item) => readShape(shape.list, item, path));
  }
  if (typeof value !== "object" || Array.isArray(value)) throw wrongType(value, path, "object");
  const entries = Object.entries(value);
  if ("map" in shape) return Object.fromEntries(entries.map(([key, item]) => [key, readShape(shape.map, item, path)]));
  const read = entries.map(([key, item]) => readField(shape.fields, key, item, path));
  const twice = read.find(([name], index) => read.findIndex(([other]) => other === name) !== index);
  if (twice !== undefined) throw new ApiError(400, `json: field ${JSON.stringify(twice[0])} stands twice, in different spellings`);
  return Object.fromEntries(read);
}

function readField(fields: Readonly<Record<string, Shape>>, key: string, value: unknown, path: string): [string, unknown] {
  const canonical = Object.keys(fields).find((name) => name.toLowerCase() === key.toLowerCase());
  const shape = canonical === undefined ? undefined : fields[canonical];
  if (canonical === undefined || shape === undefined) throw unknownField(key);
  return [canonical, readShape(shape, value, path === "" ? canonical : `${path}.${canonical}`)];
}

function wrongType(value: unknown, path: string, wanted: string): ApiError {
  const found = Array.isArray(value) ? "array" : typeof value;
  return new ApiError(400, `json: cannot unmarshal ${found} into field ${path || "(document)"} of type ${wanted}`);
}
