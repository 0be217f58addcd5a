import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { placePlugins } from "../../lab/tools/find-plugins";
import { cloudPluginPlaces, requiredPlugins, type PluginTool } from "../../lab/tools/plugins";

const folder = mkdtempSync(path.join(tmpdir(), "plugins-"));
const folders = { home: path.join(folder, "home"), engine: path.join(folder, "engine") };
const given = path.join(folder, "given");

function addProgram(file: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o755);
  return file;
}

const tools = [...requiredPlugins(), ...cloudPluginPlaces()];
const standIns = Object.fromEntries(tools.map(({ tool, file }) => [tool, addProgram(path.join(folder, "stand-ins", file))])) as Record<
  PluginTool,
  string
>;

/** Gives each official plugin but those named by its variable, so that nothing is looked for on the network. */
function giveAllBut(...left: readonly string[]): void {
  for (const { file, variable } of requiredPlugins()) process.env[variable] = left.includes(file) ? "" : addProgram(path.join(given, file));
}

describe("the engine's plugins", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("stand in the engine's home, each in the version that its npm package has, and nowhere else", async () => {
    giveAllBut();
    const engine = addProgram(path.join(folder, "built", "pulumi"));
    mkdirSync(path.join(folders.home, "plugins", "resource-command-v0.9.0"), { recursive: true });
    const { files, standIns: stoodIn, pulumi } = await placePlugins(folders, engine, standIns);
    const manifest: unknown = JSON.parse(readFileSync(path.join(__dirname, "../../package.json"), "utf8"));
    const { dependencies } = manifest as { dependencies: Record<string, string> };
    const npm = ["aws", "azure-native", "command", "tailscale", "tls"].map(
      (name) => `resource-${name}-v${dependencies[`@pulumi/${name}`]}`,
    );
    const found = readdirSync(path.join(folders.home, "plugins"));
    assert.deepEqual(
      found.filter((name) => !/^(language-nodejs|resource-pulumi-nodejs)-v3\./.test(name)),
      npm,
    );
    assert.equal(found.length, npm.length + 2);
    for (const name of found) {
      const file = `pulumi-${name.replace(/-v[\d.]+$/, "")}`;
      assert.ok(statSync(path.join(folders.home, "plugins", name, file)).mode & 0o100, file);
    }
    assert.equal(realpathSync(files.resourceCommand), path.join(given, "pulumi-resource-command"));
    assert.equal(realpathSync(files.resourceAws), standIns.resourceAws);
    assert.deepEqual([stoodIn, pulumi], [["resourceAws", "resourceAzureNative"], engine]);
  });

  it("are those beside the engine, where it has some and no other is given", async () => {
    giveAllBut("pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs");
    const engine = addProgram(path.join(folder, "release", "pulumi"));
    const language = addProgram(path.join(folder, "release", "pulumi-language-nodejs"));
    const dynamic = addProgram(path.join(folder, "release", "pulumi-resource-pulumi-nodejs"));
    const { files, pulumi } = await placePlugins(folders, engine, standIns);
    assert.equal(pulumi, engine);
    assert.deepEqual(
      [files.languageNodejs, files.resourcePulumiNodejs].map((file) => realpathSync(file)),
      [language, dynamic],
    );
  });

  it("are those that are given, also where the engine has others beside it: it then runs in a folder of its own", async () => {
    giveAllBut("pulumi-resource-pulumi-nodejs");
    const home = path.join(folder, "new-home");
    const { files, pulumi } = await placePlugins({ ...folders, home }, path.join(folder, "release", "pulumi"), standIns);
    assert.equal(statSync(home).mode & 0o777, 0o700);
    assert.equal(realpathSync(files.languageNodejs), path.join(given, "pulumi-language-nodejs"));
    assert.equal(realpathSync(files.resourcePulumiNodejs), path.join(folder, "release", "pulumi-resource-pulumi-nodejs"));
    assert.equal(pulumi, path.join(folders.engine, "pulumi"));
    assert.deepEqual(readdirSync(folders.engine), ["pulumi"]);
    assert.ok(statSync(pulumi).mode & 0o100);
  });
});
