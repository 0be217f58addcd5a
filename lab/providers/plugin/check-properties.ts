import type { ObjectType, PropertyType } from "./property-types";
import { type Properties, UNKNOWN, type Value, isList, isProperties } from "./property-values";

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** Every property that the type does not know, lacks or declares otherwise. */
export function checkProperties(given: Properties, type: ObjectType, path = ""): CheckFailure[] {
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const unrecognized = Object.keys(given)
    .filter((name) => !(name in type.properties) && !name.startsWith("__"))
    .map((name) => ({ property: at(name), reason: `Unrecognized field '${name}' on '${type.name}'` }));
  const declared = Object.entries(type.properties).flatMap(([name, shape]) => {
    const value = given[name];
    if (value !== undefined) return checkValue(value, shape.type, at(name));
    return shape.required ? [{ property: at(name), reason: `Missing required field '${name}' on '${type.name}'` }] : [];
  });
  return [...unrecognized, ...declared];
}

function checkValue(value: Value, type: PropertyType, path: string): CheckFailure[] {
  if (value === UNKNOWN) return [];
  const wrong = (wanted: string): CheckFailure[] => [
    { property: path, reason: `Field '${path}' must be ${wanted}; got ${describe(value)} instead` },
  ];
  switch (type.kind) {
    case "any":
      return [];
    case "string":
    case "number":
    case "boolean":
      return typeof value === type.kind ? [] : wrong(`a '${type.kind}'`);
    case "choice":
      return type.values.some((choice) => choice === value) ? [] : wrong(`one of ${type.values.map((choice) => `'${choice}'`).join(", ")}`);
    case "list":
      return isList(value) ? value.flatMap((item, index) => checkValue(item, type.of, `${path}[${index}]`)) : wrong("a list");
    case "map":
      return isProperties(value)
        ? Object.entries(value).flatMap(([key, item]) => checkValue(item, type.of, `${path}.${key}`))
        : wrong("a map");
    case "object":
      return isProperties(value) ? checkProperties(value, type, path) : wrong(`a '${type.name}'`);
  }
}

const describe = (value: Value): string => (isList(value) ? "a list" : isProperties(value) ? "an object" : `'${typeof value}'`);
