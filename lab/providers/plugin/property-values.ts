import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** A property as it travels between the engine and a plugin. */
export type Value = null | boolean | number | string | readonly Value[] | Properties;
export interface Properties {
  readonly [name: string]: Value;
}

/** What stands for a value that is not known yet (pulumi/pulumi: sdk/go/common/resource/plugin/rpc.go). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const UNSUPPORTED_SIGNATURES: ReadonlyMap<Value | undefined, string> = new Map([
  ["c44067f5952c0a294b673a41bacd8c17", "an asset"],
  ["0def7320c3a5731c473e5ecbe6d01bc7", "an archive"],
]);

export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

export const isProperties = (value: Value | undefined): value is Properties =>
  typeof value === "object" && value !== null && !isList(value);

/** Properties that are null are left out: the engine and the providers take these for absent. */
function plainProperties(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, plain(value)]),
  );
}

/** The engine marks secrets in a provider's configuration even for a provider that does not ask for marks. */
function plain(value: Value): Value {
  if (isList(value)) return value.map(plain);
  if (!isProperties(value)) return value;
  const signature = value[SIGNATURE_KEY];
  if (signature === SECRET_SIGNATURE) return plain(value["value"] ?? null);
  const unsupported = UNSUPPORTED_SIGNATURES.get(signature);
  if (unsupported !== undefined) throw new Error(`${unsupported} was given; this stand-in takes plain values only`);
  return plainProperties(value);
}

/** The text of a property that is checked to be one; empty if it is absent. */
export function textOf(properties: Properties, name: string): string {
  const value = properties[name];
  return typeof value === "string" ? value : "";
}

export function hasUnknown(value: Value): boolean {
  if (isList(value)) return value.some(hasUnknown);
  if (isProperties(value)) return Object.values(value).some(hasUnknown);
  return value === UNKNOWN;
}

export function fromStruct(struct: Struct | undefined): Properties {
  return plainProperties(struct?.toJavaScript() ?? {});
}

export function toStruct(properties: Properties): Struct {
  return Struct.fromJavaScript(properties);
}
