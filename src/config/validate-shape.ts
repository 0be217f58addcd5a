import type { z } from "zod";
import { type ConfigIssue, listOf, type PathPart, quote, settingPath } from "./config-issue";
import { type ConfigDraft, withoutPaths } from "./draft";
import { guessProviders } from "./guess-provider";
import { nearestAmong } from "./nearest";
import { configSchema, type HybridConfig, providers } from "./schema";
import { exampleOf, knownKeys, remedyOf, schemaAt } from "./schema-walk";

export interface ShapeResult {
  /** Absent when the shape has faults. */
  readonly config?: HybridConfig;
  readonly draft: ConfigDraft;
  readonly issues: readonly ConfigIssue[];
}

type Fault = z.core.$ZodIssue;

/** Types, missing and unknown settings; what is wrong is left out of the draft, so that the rules can look at the rest. */
export function validateShape(written: unknown): ShapeResult {
  const { settings, unclear, issues } = guessProviders(written);
  const parsed = configSchema.safeParse(settings);
  const faults = parsed.success ? [] : parsed.error.issues;
  const draft = withoutPaths(settings, faults.flatMap(unusablePaths)) as ConfigDraft;
  return {
    ...(parsed.success && issues.length === 0 ? { config: parsed.data } : {}),
    draft:
      unclear.length === 0
        ? draft
        : { ...draft, pools: { ...draft.pools, ...Object.fromEntries(unclear.map((name) => [name, undefined])) } },
    issues: [...issues, ...faults.flatMap((fault) => explain(fault, settings))],
  };
}

function pathOf(fault: Fault): PathPart[] {
  return fault.path.filter((part) => typeof part !== "symbol");
}

function unusablePaths(fault: Fault): PathPart[][] {
  const path = pathOf(fault);
  return fault.code === "unrecognized_keys" ? fault.keys.map((key) => [...path, key]) : [path];
}

function explain(fault: Fault, settings: unknown): ConfigIssue[] {
  const path = pathOf(fault);
  const value = valueAt(settings, path);
  const at = settingPath(...path);
  if (fault.code === "unrecognized_keys") return fault.keys.map((key) => unknownKey(path, key, settings));
  const schema = schemaAt(configSchema, path, settings);
  if (value === undefined) return [missing(at, String(path[path.length - 1] ?? ""), schema)];
  if (fault.code === "invalid_value") {
    return [{ path: at, problem: `${quote(value)} is not known`, remedy: amongKnown(value, fault.values.map(String)) }];
  }
  return [wrongType(at, value, fault, exampleOf(schema))];
}

/** Another number is another thing, not a slip of the fingers: debian-11 is not meant to be debian-12. */
function amongKnown(value: unknown, known: readonly string[]): string {
  const letters = (text: string) => text.replace(/\d/g, "");
  const meant = typeof value === "string" ? nearestAmong(value, known) : undefined;
  if (meant === undefined || letters(meant) === letters(String(value))) return `Write ${listOf(known)}.`;
  return `Did you mean ${meant}? Known are ${listOf(known, "and")}.`;
}

function missing(path: string, name: string, schema: z.ZodType | undefined): ConfigIssue {
  const example = exampleOf(schema);
  const add =
    example === undefined ? "Add this section; stacks/Pulumi.example.yaml shows it." : `Add it, for example \`${name}: ${example}\`.`;
  return { path, problem: "is missing", remedy: remedyOf(schema) ?? add };
}

function wrongType(path: string, value: unknown, fault: Fault, example: string | undefined): ConfigIssue {
  const wanted = fault.code === "invalid_type" ? fault.expected : "setting";
  if (value === null) return { path, problem: "is empty", remedy: `Give it a value${shown(example)}, or remove the line.` };
  if (wanted === "string" && (typeof value === "number" || typeof value === "boolean")) {
    return {
      path,
      problem: `is the ${typeof value} ${quote(value)}, where text is needed`,
      remedy: `Put it in quotes: "${String(value)}".`,
    };
  }
  if (isQuoted(value, wanted)) {
    return {
      path,
      problem: `is the text ${quote(value)}, where ${nounOf(wanted)} is needed`,
      remedy: `Write it without quotes: ${value}.`,
    };
  }
  const how = nounOf(wanted) === "a mapping" ? "; stacks/Pulumi.example.yaml shows it" : shown(example);
  return { path, problem: `is ${kindOf(value)}, where ${nounOf(wanted)} is needed`, remedy: `Write ${nounOf(wanted)}${how}.` };
}

/** A number or a truth value that quotes made a text of. */
function isQuoted(value: unknown, wanted: string): value is string {
  if (typeof value !== "string") return false;
  return wanted === "boolean" ? /^(?:true|false)$/.test(value) : ["number", "int"].includes(wanted) && /^-?\d+(?:\.\d+)?$/.test(value);
}

function shown(example: string | undefined): string {
  return example === undefined ? "" : `, for example ${example}`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return `${typeof value === "string" ? "the text" : `the ${typeof value}`} ${quote(value)}`;
}

function nounOf(expected: string): string {
  const nouns: Readonly<Record<string, string>> = {
    string: "text",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
    array: "a list",
    object: "a mapping",
    record: "a mapping",
  };
  return nouns[expected] ?? "text, a number, true, false or a list of texts and numbers";
}

function unknownKey(path: readonly PathPart[], key: string, settings: unknown): ConfigIssue {
  const at = settingPath(...path, key);
  const known = knownKeys(schemaAt(configSchema, path, settings)) ?? [];
  const ofProviders = path.length === 2 && path[0] === "pools" ? providersThatKnow(key) : [];
  if (ofProviders.length > 0) {
    if (key === "jurisdiction")
      return { path: at, problem: "is a setting of bare-metal pools only", remedy: "Remove it: a cloud pool's region says it." };
    return {
      path: at,
      problem: `is a setting of ${listOf(ofProviders, "and")} pools only`,
      remedy: `Remove it; this pool's provider is ${quote(valueAt(settings, [...path, "provider"]))}.`,
    };
  }
  const meant = nearestAmong(key, known);
  return {
    path: at,
    problem: "is not a known setting",
    remedy: meant === undefined ? `Remove it; known here are ${listOf(known, "and")}.` : `Did you mean ${meant}?`,
  };
}

function providersThatKnow(key: string): readonly string[] {
  return providers.filter((provider) =>
    knownKeys(schemaAt(configSchema, ["pools", "any"], { pools: { any: { provider } } }))?.includes(key),
  );
}

function valueAt(value: unknown, path: readonly PathPart[]): unknown {
  return path.reduce<unknown>(
    (inner, part) => (typeof inner === "object" && inner !== null ? (inner as Record<PathPart, unknown>)[part] : undefined),
    value,
  );
}
