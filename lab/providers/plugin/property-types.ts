/** The shape of a property, read from the declarations of the npm package by read-sdk-types.ts. */
export type PropertyType =
  | { readonly kind: "string" | "number" | "boolean" | "any" }
  | { readonly kind: "list"; readonly of: PropertyType }
  | { readonly kind: "map"; readonly of: PropertyType }
  | { readonly kind: "choice"; readonly values: readonly string[] }
  | ObjectType;

export interface ObjectType {
  readonly kind: "object";
  readonly name: string;
  readonly properties: Readonly<Record<string, PropertyShape>>;
}

export interface PropertyShape {
  readonly type: PropertyType;
  readonly required: boolean;
}

/** Shapes by a name of our own, such as `localCommand`. */
export type SdkTypes = Readonly<Record<string, ObjectType>>;
