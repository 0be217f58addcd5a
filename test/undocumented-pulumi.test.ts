import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { credentials } from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import { version } from "@pulumi/pulumi/package.json";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import manifest from "../package.json";
import { DynamicResource, isConfigSecret, isKnown, loadedFrom, readInSdk } from "../src/undocumented-pulumi";

const source = resolve(__dirname, "../src");

/** Words by which the SDK's own ground is entered, and those by which it would be changed for everyone in the process. */
const UNDOCUMENTED =
  /__provider\b.*:|pulumi-nodejs:|runtime\.invoke\(|\.isConfigSecret|\bisKnown:|prepareStackTrace|callsites|Reflect\.(set|deleteProperty|defineProperty)/;

/** A provider as src/operator-tools has them, which says how it was called. */
const PROVIDER = `
exports.provider = {
  check: async (olds, news) => ({ inputs: { ...news, checked: true } }),
  create: async (inputs) => ({ id: "made", outs: { ...inputs, seen: Object.keys(inputs).sort().join(" ") } }),
};`;

describe("what the program takes from Pulumi without a word in its documentation", () => {
  it("was read in the SDK that package.json pins", () => {
    assert.equal(version, readInSdk, "read what src/undocumented-pulumi.ts names in the new SDK, then say so there");
  });

  it("is a provider that the SDK's plugin loads from a file", async () => {
    const plugin = await startPlugin();
    const given = { __provider: loadedFrom("roster-provider"), nodes: ["rack-2"] };
    const checked = await plugin.check(given);
    assert.deepEqual(checked, { ...given, checked: true });
    assert.deepEqual(await plugin.create(checked), {
      id: "made",
      properties: { ...checked, seen: "__provider checked nodes" },
    });
  });

  it("is a dynamic resource of the type and inputs that the SDK's own class would register", async () => {
    const seen: pulumi.runtime.MockResourceArgs[] = [];
    await pulumi.runtime.setMocks(
      {
        newResource: (args) => {
          seen.push(args);
          // An empty id is what the engine gives for one that is still to be made.
          return { id: args.name === "unmade" ? "" : "made", state: args.inputs as Record<string, unknown> };
        },
        call: () => ({}),
      },
      "hybrid-k3s",
      "test",
      true,
    );
    const theirs = new Documented("theirs", { size: 1 });
    const ours = new DynamicResource("vpn/tailnet:Key", "ours", { provider: "roster-provider", size: 1 }, {});
    const unmade = new DynamicResource("vpn/tailnet:Key", "unmade", { provider: "roster-provider", size: 1 }, {});
    assert.deepEqual([await isKnown(ours.id), await isKnown(unmade.id), await isKnown(theirs.id)], [true, false, true]);
    const [first, second] = ["theirs", "ours"].map((name) => seen.find((args) => args.name === name));
    assert.equal(second?.type, first?.type);
    assert.deepEqual(Object.keys(second?.inputs as object).sort(), Object.keys(first?.inputs as object).sort());
  });

  it("tells which config values are secret", () => {
    pulumi.runtime.setAllConfig({ "hybrid-k3s:plain": "1", "hybrid-k3s:hidden": "2" }, ["hybrid-k3s:hidden"]);
    assert.deepEqual(["hybrid-k3s:plain", "hybrid-k3s:hidden"].map(isConfigSecret), [false, true]);
  });

  it("stands in one file of src, and no package is another than its name says", () => {
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => /\.[cm]?[jt]s$/.test(file));
    assert.ok(files.length > 100, `only ${files.length} files in ${source}`);
    const reaching = files.filter((file) => UNDOCUMENTED.test(readFileSync(join(source, file), "utf8")));
    assert.deepEqual(reaching, ["undocumented-pulumi.ts"]);
    assert.ok(!("overrides" in manifest));
    const packages = { ...manifest.dependencies, ...manifest.devDependencies };
    assert.deepEqual(
      Object.entries(packages).filter(([, wanted]) => !/^\d+\.\d+\.\d+$/.test(wanted)),
      [],
    );
  });
});

class Documented extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: pulumi.Inputs) {
    super({ create: () => Promise.resolve({ id: "made" }) }, name, inputs, {}, "vpn/tailnet", "Key");
  }
}

interface Plugin {
  check(inputs: Record<string, unknown>): Promise<unknown>;
  create(inputs: Record<string, unknown>): Promise<unknown>;
}

/** The plugin of the SDK, in a folder that has one provider. */
async function startPlugin(): Promise<Plugin> {
  const folder = mkdtempSync(join(tmpdir(), "hybrid-k3s-plugin-"));
  mkdirSync(join(folder, "operator-tools"));
  writeFileSync(join(folder, "operator-tools", "roster-provider.cjs"), PROVIDER);
  const program = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");
  const child = spawn(process.execPath, [program, "127.0.0.1:1"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  after(() => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const client = new ResourceProviderClient(`127.0.0.1:${await portOf(child)}`, credentials.createInsecure());
  after(() => client.close());
  // A provider is made with the stack's config.
  await new Promise((resolve, reject) =>
    client.configure(new messages.ConfigureRequest().setArgs(Struct.fromJavaScript({})), (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    ),
  );
  const urn = "urn:pulumi:test::hybrid-k3s::pulumi-nodejs:dynamic/nodes:Roster::roster";
  return {
    check: (inputs) =>
      new Promise((resolve, reject) => {
        const request = new messages.CheckRequest()
          .setUrn(urn)
          .setOlds(Struct.fromJavaScript({}))
          .setNews(Struct.fromJavaScript(inputs as never));
        client.check(request, (error, answer) => (error === null ? resolve(answer.getInputs()?.toJavaScript()) : reject(error)));
      }),
    create: (inputs) =>
      new Promise((resolve, reject) => {
        const request = new messages.CreateRequest().setUrn(urn).setProperties(Struct.fromJavaScript(inputs as never));
        client.create(request, (error, answer) =>
          error === null ? resolve({ id: answer.getId(), properties: answer.getProperties()?.toJavaScript() }) : reject(error),
        );
      }),
  };
}

/** The first line that a plugin prints. */
async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error("the plugin has no standard output");
  for await (const line of createInterface({ input: stdout })) return Number(line);
  throw new Error("the plugin ended without a port");
}
