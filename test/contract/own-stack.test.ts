import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { PulumiProject } from "./language-project";

/** Stands for the program: refuses first, then makes what would be the region's VPC, with a secret in it. */
const PROGRAM = `
require("tsx/cjs");
const pulumi = require("@pulumi/pulumi");
const { refuseChangedRanges } = require(${JSON.stringify(resolve(__dirname, "../../src/preview/refuse-changed-ranges.ts"))});
const { range, fail } = require("./wish.json");
module.exports = async () => {
  const networks = [{ kind: "aws", name: "edge-aws-eu-central-1", region: "eu-central-1", vpc: { kind: "made", cidr: range } }];
  await refuseChangedRanges({ networks, nodes: [] });
  class Vpc extends pulumi.ComponentResource {
    constructor(name) {
      super("aws:ec2/vpc:Vpc", name);
      this.registerOutputs({ cidrBlock: range, arn: pulumi.secret("hidden") });
    }
  }
  new Vpc("edge-aws-eu-central-1-vpc");
  if (fail) throw new pulumi.RunError("out of capacity");
  return { networks: [{ provider: "aws", region: "eu-central-1", cidr: range, existing: [] }], kubeconfig: pulumi.secret("hidden") };
};
`;
const refusal = /networks\.aws\.eu-central-1\.cidr: the network stands with 10\.1\.0\.0\/20, and the config says 10\.2\.0\.0\/20/;

// pulumi/pulumi: pkg/resource/deploy/builtins.go, readStackOutputs and readStackResourceOutputs
describe("a stack that reads its own last run", () => {
  it("refuses another range at preview and at up, by outputs and by state, and is never kept from destroy", async (test) => {
    const project = await PulumiProject.create({
      "Pulumi.yaml": JSON.stringify({ name: "contract", main: "index.js", runtime: { name: "nodejs", options: { typescript: false } } }),
      "index.js": PROGRAM,
    });
    test.after(() => project.remove());
    const wish = (wanted: object) => project.write({ "wish.json": JSON.stringify(wanted) });
    const ends = async (code: "well" | "badly", run: ReturnType<PulumiProject["up"]>) => {
      const { code: found, output } = await run;
      assert.equal(found === 0, code === "well", output);
      return output;
    };

    // The first run fails with the network made and no outputs written: the state alone has it.
    await wish({ range: "10.1.0.0/20", fail: true });
    assert.match(await ends("badly", project.up()), /out of capacity/);
    assert.deepEqual(await project.outputs(), {});
    await wish({ range: "10.2.0.0/20" });
    assert.match(await ends("badly", project.up()), refusal);

    await wish({ range: "10.1.0.0/20" });
    await ends("well", project.up());
    await wish({ range: "10.2.0.0/20" });
    assert.match(await ends("badly", project.preview()), refusal);
    assert.equal((await project.state())["edge-aws-eu-central-1-vpc"]?.outputs["cidrBlock"], "10.1.0.0/20");
    await ends("well", project.destroy());
  });
});
