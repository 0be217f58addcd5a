import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";

describe("resources of Azure", () => {
  let azureComponent: (opts?: pulumi.ComponentResourceOptions) => pulumi.ComponentResourceOptions;

  before(async () => {
    await pulumi.runtime.setMocks({ newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) });
    ({ azureComponent } = (await import("../../../src/clouds/azure/version-aliases.js")) as unknown as {
      azureComponent: typeof azureComponent;
    });
  });

  /** The aliases that a network interface in such a component registers with, those of its own constructor included. */
  async function aliasesIn(opts: pulumi.ComponentResourceOptions, own: pulumi.Alias[] = []): Promise<string[]> {
    const { NetworkInterface } = await import("@pulumi/azure-native/network/index.js");
    const seen: unknown[] = [];
    const last: pulumi.ResourceTransformation = (args) => {
      const { aliases } = args.opts as pulumi.CustomResourceOptions;
      if (Array.isArray(aliases)) seen.push(...aliases);
      return undefined;
    };
    const outer = new pulumi.ComponentResource("test:index:Outer", "outer", {}, { transformations: [last] });
    const parent = new pulumi.ComponentResource("test:index:Node", "node", {}, { ...opts, parent: outer });
    new NetworkInterface("nic", { resourceGroupName: "group" }, { parent, aliases: own });
    return seen.map((alias) => JSON.stringify(alias));
  }

  it("carry no alias of an API version, and keep those that we give", async () => {
    assert.ok((await aliasesIn({})).length > 10, "azure-native gives none any more");
    assert.deepEqual(await aliasesIn(azureComponent()), []);
    assert.deepEqual(await aliasesIn(azureComponent({}), [{ name: "former" }]), ['{"name":"former"}']);
  });
});
