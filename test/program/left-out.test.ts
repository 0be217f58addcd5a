import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { it } from "node:test";

const root = join(__dirname, "..", "..");

it("starts without the packages that only serialised functions need, and says so to whoever serialises one", async () => {
  await import("@pulumi/pulumi");
  const loaded = Object.keys(require.cache).map((file) => relative(root, realpathSync(file)));
  assert.ok(loaded.includes("src/sdk/no-arborist/index.cjs"), "the SDK loads what package.json puts in arborist's place");
  assert.deepEqual(
    loaded.filter((file) => /node_modules\/(@npmcli|pacote|@sigstore)\//.test(file)),
    [],
  );
  const { computeCodePaths } = (await import("@pulumi/pulumi")).runtime;
  await assert.rejects(computeCodePaths(), /leaves @npmcli\/arborist out/);
});

it("keeps from the engine what it would have to write of our call stacks, by a name that the SDK has", async () => {
  const { Resource } = await import("@pulumi/pulumi");
  assert.equal(typeof Reflect.get(Resource, "callsites"), "function");
});
