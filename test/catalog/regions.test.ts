import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { formatNetwork, overlap } from "../../src/config/values/cidr";
import { cloudProviders, defaultNetwork, findRegion, jurisdictionsOf, regionsOf } from "../../src/catalog/regions";

const regionOf = (provider: "aws" | "azure", name: string) => findRegion(provider, name) ?? assert.fail(`no ${name}`);

describe("regions", () => {
  it("knows each region that the AWS provider knows, China's partition aside", () => {
    const types = readFileSync(resolve(__dirname, "../../node_modules/@pulumi/aws/types/enums/index.d.ts"), "utf8");
    const names = [...types.matchAll(/readonly \w+: "([a-z]+-[a-z]+-\d)"/g)].map((match) => match[1] ?? "");
    assert.ok(names.length > 30);
    assert.deepEqual(
      names.filter((name) => !name.startsWith("cn-")).sort(),
      regionsOf("aws")
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("says of each the country and its zones", () => {
    for (const provider of cloudProviders) {
      for (const { name, country, zones } of regionsOf(provider)) {
        assert.match(country, /^[A-Z]{2}$/, name);
        assert.equal(new Set(zones).size, zones.length, name);
        if (provider === "aws") assert.ok(zones.length >= 3 && zones.every((zone) => zone.slice(0, -1) === name), name);
        else assert.deepEqual(zones, zones.length === 0 ? [] : ["1", "2", "3"], name);
      }
    }
  });

  it("gives each region a network of its own", () => {
    const networks = cloudProviders.flatMap((provider) => regionsOf(provider).map(({ name }) => defaultNetwork(provider, name)));
    networks.forEach((a, i) => networks.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b), `${formatNetwork(a)} ${formatNetwork(b)}`)));
    for (const network of networks) assert.ok(overlap(network, { first: 0xac100000, prefix: 12 }), formatNetwork(network));
  });

  it("keeps the networks that stacks stand in: regions are added at the end", () => {
    const at = (provider: "aws" | "azure", name: string) => formatNetwork(defaultNetwork(provider, name));
    assert.deepEqual(
      [
        at("aws", "us-east-1"),
        at("aws", "eu-central-1"),
        at("aws", "ap-southeast-7"),
        at("azure", "australiacentral"),
        at("azure", "westus3"),
      ],
      ["172.16.0.0/20", "172.16.128.0/20", "172.18.16.0/20", "172.24.0.0/20", "172.27.112.0/20"],
    );
  });

  it("puts a region in its country, and in the EU and the EEA where that is a member", () => {
    assert.deepEqual(jurisdictionsOf(regionOf("aws", "eu-central-1")), ["eu", "de", "eea"]);
    assert.deepEqual(jurisdictionsOf(regionOf("azure", "norwayeast")), ["no", "eea"]);
    assert.deepEqual(jurisdictionsOf(regionOf("aws", "eu-central-2")), ["ch"]);
    assert.deepEqual(jurisdictionsOf(regionOf("aws", "eu-west-2")), ["gb"]);
    assert.deepEqual(jurisdictionsOf(regionOf("azure", "eastus")), ["us"]);
  });
});
