import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sectionSchemas } from "../../docs/generate/editor-schema";
import type { JsonObject } from "../../docs/generate/json";
import { writtenFiles } from "../../docs/generate/written-files";
import { vpnModes } from "../../src/config/schema";
import { faultsOf } from "../helpers/config-builder";

const checkout = join(__dirname, "../..");
const read = (path: string) => readFileSync(join(checkout, path), "utf8");

/** Paths of a JSON schema's settings, without those of mappings that only hold others. */
function pathsOf(path: string, schema: JsonObject): string[] {
  const options = schema["oneOf"] as readonly JsonObject[] | undefined;
  if (options !== undefined) return [...new Set(options.flatMap((option) => pathsOf(path, option)))];
  const own = schema["examples"] === undefined ? [] : [path];
  const items = schema["items"] as JsonObject | undefined;
  if (items?.["properties"] !== undefined) return [...own, ...pathsOf(`${path}[]`, items)];
  const named = schema["additionalProperties"] as JsonObject | false | undefined;
  if (schema["properties"] === undefined && named && (named["properties"] ?? named["oneOf"]) !== undefined)
    return pathsOf(`${path}.${path === "pools" ? "NAME" : "REGION"}`, named);
  if (schema["properties"] === undefined) return [path];
  return [
    ...own,
    ...Object.entries(schema["properties"] as JsonObject).flatMap(([key, child]) => pathsOf(`${path}.${key}`, child as JsonObject)),
  ];
}

describe("docs that are made", () => {
  it("are what `make docs` writes", async () => {
    for (const [path, text] of Object.entries(await writtenFiles())) assert.equal(read(path), text, `${path} is old: run \`make docs\``);
  });
});

describe("docs/settings.md", () => {
  const rows = new Map(
    read("docs/settings.md")
      .split("\n")
      .flatMap((line) => {
        const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
        const setting = /^`(.+)`$/.exec(cells[1] ?? "")?.[1];
        return setting === undefined ? [] : [[setting, cells.slice(2, -1)] as const];
      }),
  );

  it("has a row for every setting of the schema, with type, default, example and meaning", () => {
    const settings = Object.entries(sectionSchemas()).flatMap(([section, schema]) => pathsOf(section, schema));
    assert.ok(settings.length > 60, `${settings.length} settings`);
    assert.deepEqual(
      settings.filter((path) => !rows.has(path)),
      [],
    );
    for (const path of settings) for (const cell of rows.get(path) ?? []) assert.notEqual(cell, "", path);
  });

  it("names the VPN modes that can be had, and no other", () => {
    const named = [...(rows.get("vpn.mode")?.[0] ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1]);
    const isLater = (mode: string) =>
      faultsOf({ "vpn.mode": mode }).some((fault) => fault.includes("vpn.mode") && fault.includes("not available yet"));
    assert.deepEqual(
      named,
      vpnModes.filter((mode) => !isLater(mode)),
    );
  });
});
