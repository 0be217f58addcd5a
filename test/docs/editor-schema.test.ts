import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { describe, it } from "node:test";
import Ajv from "ajv";
import { parse } from "yaml";
import { editorSchema, sectionSchemas } from "../../docs/generate/editor-schema";
import type { JsonObject } from "../../docs/generate/json";
import { stackKeys } from "../../docs/generate/stack-keys";
import { configSchema } from "../../src/config/schema";
import { faultsOf } from "../helpers/config-builder";

type Settings = Record<string, unknown>;

const checkout = resolve(__dirname, "../..");
const examplePath = "stacks/Pulumi.example.yaml";
const exampleText = readFileSync(join(checkout, examplePath), "utf8");
const validate = new Ajv({ allErrors: true, unknownFormats: "ignore" }).compile(editorSchema());
const isTaken = (stack: unknown): boolean => validate(stack) === true;
const exampleConfig = () => (parse(exampleText) as { config: Settings }).config;

/** Whether the program takes the shape of these sections. */
const isRead = (config: Settings): boolean =>
  configSchema.safeParse(Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^hybrid-k3s:/, ""), value])))
    .success;

type Change = (parent: Settings, key: string) => void;

/** Every place in a value, as what holds it and its key there. */
function places(value: unknown): { readonly parent: Settings; readonly key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).flatMap((key) => [{ parent: value as Settings, key }, ...places((value as Settings)[key])]);
}

const changes: Readonly<Record<string, Change>> = {
  "a number in its place": (parent, key) => (parent[key] = 1.5),
  "a text in its place": (parent, key) => (parent[key] = "#"),
  "a mapping in its place": (parent, key) => (parent[key] = { zzz: [{}] }),
  "a list in its place": (parent, key) => (parent[key] = [[{}]]),
  "no such key": (parent, key) => delete parent[key],
  "a key that is not known beside it": (parent) => (parent["zzz"] = { zzz: [{}] }),
};

describe("the schema for editors", () => {
  it("is named by the first line of the example stack", () => {
    const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(exampleText)?.[1] ?? "";
    const schema: unknown = JSON.parse(readFileSync(resolve(checkout, dirname(examplePath), named), "utf8"));
    assert.equal(basename(named), "hybrid-k3s.schema.json");
    assert.deepEqual(schema, editorSchema());
  });

  it("takes the example stack", () => {
    assert.ok(isTaken(parse(exampleText)), JSON.stringify(validate.errors));
  });

  it("refuses a shape where the program refuses it, and takes it where the program does, at every place of the example", () => {
    let [refused, taken] = [0, 0];
    for (const [what, change] of Object.entries(changes)) {
      for (let index = 0; ; index++) {
        const config = exampleConfig();
        const place = places(config)[index];
        if (place === undefined) break;
        // Keys beside the sections are no part of the program's schema, and a pool's provider decides what its settings mean.
        if (Array.isArray(place.parent) && what.includes("key")) continue;
        if (place.parent === config && what.includes("beside")) continue;
        change(place.parent, place.key);
        const isGood = isRead(config);
        if (isGood) taken++;
        else refused++;
        assert.equal(isTaken({ config }), isGood, `${what}: ${place.key}: ${JSON.stringify(place.parent)}`);
      }
    }
    assert.ok(refused > 100 && taken > 10, `${refused} refused, ${taken} taken`);
  });

  it("gives examples that it takes itself", () => {
    const examples: unknown[] = [];
    const visit = (schema: JsonObject): void => {
      for (const example of (schema["examples"] ?? []) as unknown[]) {
        examples.push(example);
        const check = new Ajv().compile(schema);
        assert.ok(check(example), `${JSON.stringify(example)}: ${JSON.stringify(check.errors)}`);
      }
      for (const child of Object.values(schema)) if (typeof child === "object" && child !== null) visit(child as JsonObject);
    };
    Object.values(sectionSchemas()).forEach(visit);
    assert.ok(examples.length > 60, `${examples.length} examples`);
  });

  it("knows the keys beside the sections that the program knows, and no other of ours", () => {
    const [fault = ""] = faultsOf({ zzzzzzzzzzzzzzzz: 1 }).filter((text) => text.includes("zzzzzzzzzzzzzzzz"));
    const known = [...(/known are (.*)\.$/.exec(fault)?.[1]?.split(/, | and /) ?? [])].map((key) => `hybrid-k3s:${key}`);
    const ours = stackKeys.map(({ key }) => key).filter((key) => key.startsWith("hybrid-k3s:"));
    assert.deepEqual([...Object.keys(configSchema.shape).map((section) => `hybrid-k3s:${section}`), ...ours], known);
    for (const key of ours) assert.ok(isTaken({ config: { ...exampleConfig(), [key]: { secure: "AAAA" } } }), key);
    assert.ok(!isTaken({ config: { ...exampleConfig(), "hybrid-k3s:acces": {} } }));
  });

  it("takes no secret in plain text", () => {
    for (const { key } of stackKeys.filter(({ isSecret }) => isSecret))
      assert.ok(!isTaken({ config: { ...exampleConfig(), [key]: "text" } }), key);
  });
});
