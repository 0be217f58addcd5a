import { z } from "zod";
import type { PathPart } from "./config-issue";

/** The part of the schema that describes the value at this path; a pool's provider, taken from the config, chooses among the pools' shapes. */
export function schemaAt(schema: z.ZodType, path: readonly PathPart[], value: unknown): z.ZodType | undefined {
  const [part, ...rest] = path;
  const inner = chosen(unwrapped(schema), value);
  if (part === undefined || inner === undefined) return inner;
  const next = childOf(inner, part);
  return next === undefined ? undefined : schemaAt(next, rest, childValue(value, part));
}

/** Keys that an object of this schema knows; undefined where it is no object or takes any key. */
export function knownKeys(schema: z.ZodType | undefined): readonly string[] | undefined {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : undefined;
}

export function remedyOf(schema: z.ZodType | undefined): string | undefined {
  const remedy = schema?.meta()?.["remedy"];
  return typeof remedy === "string" ? remedy : undefined;
}

export function exampleOf(schema: z.ZodType | undefined): string | undefined {
  const { example, unit } = schema?.meta() ?? {};
  if (typeof example !== "string" && typeof example !== "number") return undefined;
  return typeof unit === "string" ? `${example} (${unit})` : String(example);
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}

function chosen(schema: z.ZodType, value: unknown): z.ZodType | undefined {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator, options } = schema.def;
  const given = childValue(value, discriminator);
  return (options as readonly z.ZodObject[]).find((option) => (option.shape[discriminator] as z.ZodType).safeParse(given).success);
}

function childOf(schema: z.ZodType, part: PathPart): z.ZodType | undefined {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<string, z.ZodType>)[part];
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  return undefined;
}

function childValue(value: unknown, part: PathPart): unknown {
  return typeof value === "object" && value !== null ? (value as Record<PathPart, unknown>)[part] : undefined;
}
