import { z } from "zod";
import { configSchema } from "../../src/config/schema";

export interface Setting {
  /** As `hybrid-k3s:<path>`; NAME and REGION stand for the user's own words. */
  readonly path: string;
  /** Providers of the pools that have it; empty outside of pools. */
  readonly pools: readonly string[];
  readonly type: string;
  readonly default: string;
  readonly examples: readonly string[];
  readonly description: string;
}

interface Found {
  readonly schema: z.ZodType;
  readonly default: string;
}

const OWN_WORDS: Readonly<Record<string, string>> = { pools: "NAME", "networks.aws": "REGION", "networks.azure": "REGION" };

/** Every setting that the schema knows, with what its `meta` says. */
export function listSettings(): readonly Setting[] {
  return mergeRows(walk("", [], { schema: configSchema, default: "" }));
}

function walk(path: string, pools: readonly string[], found: Found): Setting[] {
  const inner = unwrap(found);
  const { schema } = inner;
  const own = schema.meta()?.["description"] === undefined ? [] : [settingOf(path, pools, inner)];
  if (schema instanceof z.ZodObject) {
    const children = Object.entries<z.ZodType>(schema.shape);
    return [
      ...own,
      ...children.flatMap(([key, child]) => walk(path === "" ? key : `${path}.${key}`, pools, { schema: child, default: "none" })),
    ];
  }
  if (schema instanceof z.ZodArray && !(unwrap({ schema: schema.element as z.ZodType, default: "" }).schema instanceof z.ZodObject))
    return own;
  if (schema instanceof z.ZodArray) return [...own, ...walk(`${path}[]`, pools, { schema: schema.element as z.ZodType, default: "none" })];
  const word = OWN_WORDS[path];
  if (schema instanceof z.ZodRecord && word !== undefined)
    return walk(`${path}.${word}`, pools, { schema: schema.valueType as z.ZodType, default: "" });
  if (schema instanceof z.ZodDiscriminatedUnion) {
    return (schema.options as readonly z.ZodObject[]).flatMap((option) => walk(path, providerOf(option), { schema: option, default: "" }));
  }
  if (own.length === 0) throw new Error(`${path}: the schema says nothing about it; give it a description and an example`);
  return own;
}

function settingOf(path: string, pools: readonly string[], { schema, default: value }: Found): Setting {
  const { description, example, defaultIs } = schema.meta() ?? {};
  if (typeof description !== "string" || example === undefined) throw new Error(`${path}: the schema gives no description or no example`);
  return {
    path,
    pools,
    type: typeOf(schema),
    default: typeof defaultIs === "string" ? defaultIs : value,
    examples: [typeof example === "string" ? example : JSON.stringify(example)],
    description,
  };
}

/** What optional() and default() are wrapped around; without either a setting is needed. */
function unwrap({ schema, default: value }: Found): Found {
  if (schema instanceof z.ZodDefault) {
    return {
      schema: unwrap({ schema: schema.unwrap() as z.ZodType, default: "" }).schema,
      default: `\`${shown(schema.def.defaultValue)}\``,
    };
  }
  if (schema instanceof z.ZodOptional)
    return { schema: unwrap({ schema: schema.unwrap() as z.ZodType, default: "" }).schema, default: "not set" };
  return { schema, default: value === "none" ? "needed" : value };
}

/** As one writes it in YAML. */
const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function providerOf(option: z.ZodObject): readonly string[] {
  return [...(option.shape["provider"] as z.ZodLiteral<string>).values];
}

function typeOf(schema: z.ZodType): string {
  if (schema instanceof z.ZodEnum) {
    const unavailable = (schema.meta()?.["unavailable"] ?? []) as readonly string[];
    return schema.options.map(String).filter((option) => !unavailable.includes(option)).map((option) => `\`${option}\``).join(" or "); // prettier-ignore
  }
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((value) => `\`${String(value)}\``).join(" or ");
  if (schema instanceof z.ZodString) return "text";
  if (schema instanceof z.ZodBoolean) return "`true` or `false`";
  if (schema instanceof z.ZodNumber) return schema.isInt ? "whole number" : "number";
  if (schema instanceof z.ZodArray) return `list of ${plural(schema.element as z.ZodType)}`;
  if (schema instanceof z.ZodObject) return "mapping";
  if (schema instanceof z.ZodRecord) return `mapping to ${plural(schema.valueType as z.ZodType)}`;
  throw new Error(`no word for a schema of the kind ${schema.type}`);
}

function plural(schema: z.ZodType): string {
  if (schema instanceof z.ZodObject) return "mappings";
  if (schema instanceof z.ZodUnion) return "texts, numbers, true, false or lists";
  return schema instanceof z.ZodArray ? `lists of ${plural(schema.element as z.ZodType)}` : `${typeOf(schema)}s`;
}

/** One row for a setting that several providers' pools have alike. */
function mergeRows(settings: readonly Setting[]): Setting[] {
  const rows = new Map<string, Setting>();
  for (const setting of settings) {
    const isProvider = setting.path === "pools.NAME.provider";
    const key = [setting.path, isProvider ? "" : setting.type, setting.default, setting.description].join("\n");
    const row = rows.get(key);
    rows.set(key, row === undefined ? setting : joined(row, setting));
  }
  return [...rows.values()];
}

function joined(row: Setting, other: Setting): Setting {
  const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])];
  return {
    ...row,
    type: union(row.type.split(" or "), other.type.split(" or ")).join(" or "),
    pools: union(row.pools, other.pools),
    examples: union(row.examples, other.examples),
  };
}
