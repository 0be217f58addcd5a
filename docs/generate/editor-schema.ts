import { parse } from "yaml";
import { z } from "zod";
import { configSchema } from "../../src/config/schema";
import type { JsonObject } from "./json";
import { type StackKey, stackKeys } from "./stack-keys";

/** The sections of the config as JSON schema, each under its name; `examples` are values, not text. */
export function sectionSchemas(): Readonly<Record<string, JsonObject>> {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    // The draft that the YAML language server of editors knows whole.
    target: "draft-7",
    reused: "inline",
    override: ({ jsonSchema }) => annotate(jsonSchema as Record<string, unknown>),
  });
  return schema.properties as Readonly<Record<string, JsonObject>>;
}

/** What an editor needs to complete and check stacks/Pulumi.<stack>.yaml. */
export function editorSchema(): JsonObject {
  const sections = sectionSchemas();
  const own = [...Object.keys(sections), ...stackKeys.flatMap(({ key }) => /^hybrid-k3s:(.*)$/.exec(key)?.[1] ?? [])];
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "hybrid-k3s stack",
    description: "Made from src/config/schema.ts by `make docs`.",
    type: "object",
    required: ["config"],
    properties: {
      config: {
        type: "object",
        required: ["hybrid-k3s:cluster", "hybrid-k3s:vpn", "hybrid-k3s:pools"],
        properties: {
          ...Object.fromEntries(Object.entries(sections).map(([name, section]) => [`hybrid-k3s:${name}`, section])),
          ...Object.fromEntries(stackKeys.map((stackKey) => [stackKey.key, keySchema(stackKey)])),
        },
        // Other providers' keys are theirs.
        patternProperties: { [`^hybrid-k3s:(?!(?:${own.join("|")})$)`]: false },
      },
    },
  };
}

function keySchema({ description, isSecret, example }: StackKey): JsonObject {
  const secret = { type: "object", properties: { secure: { type: "string" } }, required: ["secure"], additionalProperties: false };
  const command = `pulumi config set --secret`;
  if (isSecret) return { ...secret, description: `${description} Written by \`${command}\`.` };
  return { anyOf: [{ type: "string" }, secret], description, ...(example === undefined ? {} : { examples: [example] }) };
}

/** Our `meta` in the words of JSON schema. */
function annotate(schema: Record<string, unknown>): void {
  const { example, defaultIs, unavailable, description } = schema;
  for (const key of ["example", "unit", "remedy", "defaultIs", "unavailable"]) delete schema[key];
  if (example !== undefined) schema["examples"] = [typeof example === "string" ? (parse(example) as unknown) : example];
  if (typeof defaultIs === "string") schema["description"] = `${String(description)} Default: ${defaultIs}.`;
  if (Array.isArray(unavailable)) schema["enum"] = (schema["enum"] as unknown[]).filter((value) => !unavailable.includes(value));
  // The bounds of a number that JavaScript holds exactly say nothing of the setting.
  if (schema["minimum"] === Number.MIN_SAFE_INTEGER) delete schema["minimum"];
  if (schema["maximum"] === Number.MAX_SAFE_INTEGER) delete schema["maximum"];
}
