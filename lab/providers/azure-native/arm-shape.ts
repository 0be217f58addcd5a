import { type Properties, type Value, isList, isProperties } from "../plugin/property-values";

/** What stands beside `properties` in a resource of ARM; the SDK has both on one level. */
const ENVELOPE = ["id", "name", "type", "etag", "location", "tags", "zones", "sku", "identity", "plan", "extendedLocation", "managedBy"];

/** Inner resources and references that have an envelope of their own (the types *Args of @pulumi/azure-native/network and compute). */
const INNER_RESOURCES = [
  "subnets",
  "subnet",
  "securityRules",
  "ipConfigurations",
  "publicIPAddress",
  "networkSecurityGroup",
  "networkInterfaces",
  "natGateway",
];

/** Inputs of the SDK as the body of a request. */
export function toArm(inputs: Properties): Properties {
  const entries = Object.entries(inputs).map(
    ([name, value]) => [name, INNER_RESOURCES.includes(name) ? innerToArm(value) : deepToArm(value)] as const,
  );
  const envelope = entries.filter(([name]) => ENVELOPE.includes(name));
  const properties = entries.filter(([name]) => !ENVELOPE.includes(name));
  return { ...Object.fromEntries(envelope), ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }) };
}

function innerToArm(value: Value): Value {
  if (isList(value)) return value.map(innerToArm);
  return isProperties(value) ? toArm(value) : value;
}

/** Objects without an envelope may hold inner resources further down, such as the interfaces of a network profile. */
function deepToArm(value: Value): Value {
  if (isList(value)) return value.map(deepToArm);
  if (!isProperties(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, INNER_RESOURCES.includes(name) ? innerToArm(inner) : deepToArm(inner)]),
  );
}

/** An answer of ARM as the SDK shows it. */
export function fromArm(value: Value): Value {
  if (isList(value)) return value.map(fromArm);
  if (!isProperties(value)) return value;
  const { properties, ...rest } = value;
  const flat = isProperties(properties) ? { ...rest, ...properties } : value;
  return Object.fromEntries(Object.entries(flat).map(([name, inner]) => [name, fromArm(inner)]));
}
