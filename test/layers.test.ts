import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describe, it } from "node:test";

const source = resolve(__dirname, "../src");
const CODE = /\.(ts|mts|mjs|cjs)$/;
const IMPORT = /\b(?:from|import|require)\s*\(?\s*"(\.[^"]+)"/g;

/** What the files of each folder, and those beside the folders, may import from others: the layers of CONTRIBUTING.md, types included. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  index: ["cluster", "config", "plan", "preview", "vpn"],
  preview: ["clouds", "cluster-context", "config", "nodes", "operator-tools", "plan", "remote", "vpn", "undocumented-pulumi"],
  cluster: ["cluster-context", "clouds", "k3s", "nodes", "operator-access", "plan", "remote"],
  "operator-access": ["cluster-context", "nodes", "plan", "remote"],
  k3s: ["catalog", "cluster-context", "nodes", "plan", "remote", "vpn"],
  nodes: ["cluster-context", "clouds", "plan", "remote", "undocumented-pulumi"],
  "cluster-context": ["clouds", "plan", "remote", "vpn"],
  vpn: ["cluster-context", "config", "operator-tools", "plan", "remote", "undocumented-pulumi"],
  clouds: ["catalog", "config", "plan", "remote"],
  remote: ["plan", "undocumented-pulumi"],
  plan: ["catalog", "config", "operator-tools"],
  // What the tools know too stands in plain JavaScript, once: the arithmetic of networks, key formats, the policy's rules.
  config: ["catalog", "operator-tools", "undocumented-pulumi"],
  // Types, and the arithmetic of networks.
  catalog: ["config"],
  "operator-tools": ["catalog"],
  // The command for people: JavaScript on the tools' own terms.
  cli: ["operator-tools"],
};

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => CODE.test(file));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(source, file), "utf8");
  const targets = [...text.matchAll(IMPORT)].map(([, path = ""]) => join(source, dirname(file), path));
  const found = targets.flatMap((path) =>
    [path, `${path}.ts`, path.replace(/\.js$/, ".ts"), path.replace(/\.mjs$/, ".d.mts")].filter((one) => existsSync(one)),
  );
  return [...new Set(found.map((path) => relative(source, path)))].filter((path) => path !== file && CODE.test(path));
}

const layerOf = (file: string): string => (file.split(sep)[0] ?? file).replace(CODE, "");

/** The files of a way from this one back to itself, or nothing. */
function circleThrough(start: string): readonly string[] {
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of imports.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return [...way, start];
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return [];
}

describe("the imports of src/", () => {
  it("form no circle, types included", () => {
    assert.ok(files.length > 150, `only ${files.length} files in ${source}`);
    assert.deepEqual(
      files.map((file) => circleThrough(file).join(" -> ")).filter((circle) => circle !== ""),
      [],
    );
  });

  it("point one way from layer to layer", () => {
    const wrong = [...imports].flatMap(([file, targets]) => {
      const layer = layerOf(file);
      const others = targets.filter((target) => layerOf(target) !== layer && !LAYERS[layer]?.includes(layerOf(target)));
      return others.map((target) => `${file} imports ${target}`);
    });
    assert.deepEqual(wrong, []);
    const unused = Object.entries(LAYERS).flatMap(([layer, others]) => {
      const reached = files.filter((file) => layerOf(file) === layer).flatMap((file) => imports.get(file)?.map(layerOf) ?? []);
      return others.filter((other) => !reached.includes(other)).map((other) => `${layer} imports nothing of ${other}`);
    });
    assert.deepEqual(unused, []);
  });
});
