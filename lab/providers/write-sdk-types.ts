import type { ObjectType, PropertyType } from "./plugin/property-types";

/** JavaScript statements that make `types`, each object type a variable: the types refer to each other in circles, which JSON cannot hold. */
export function writeSdkTypes(types: Readonly<Record<string, ObjectType>>): string {
  const numbers = new Map<ObjectType, number>();
  const collect = (type: PropertyType): void => {
    if (type.kind === "list" || type.kind === "map") return collect(type.of);
    if (type.kind !== "object" || numbers.has(type)) return;
    numbers.set(type, numbers.size);
    for (const property of Object.values(type.properties)) collect(property.type);
  };
  Object.values(types).forEach(collect);

  const write = (type: PropertyType): string => {
    if (type.kind === "list" || type.kind === "map") return `{kind:${JSON.stringify(type.kind)},of:${write(type.of)}}`;
    return type.kind === "object" ? `t${numbers.get(type)}` : JSON.stringify(type);
  };
  const declarations = [...numbers].map(([{ name }, number]) => `const t${number}={kind:"object",name:${JSON.stringify(name)}};`);
  const properties = [...numbers].map(([type, number]) => {
    const shapes = Object.entries(type.properties).map(
      ([name, shape]) => `${JSON.stringify(name)}:{type:${write(shape.type)},required:${shape.required}}`,
    );
    return `t${number}.properties={${shapes.join(",")}};`;
  });
  const exported = Object.entries(types).map(([name, type]) => `${JSON.stringify(name)}:${write(type)}`);
  return [...declarations, ...properties, `export default {${exported.join(",")}};`, ""].join("\n");
}
