import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addBurstPools, cloudPool, labSettings } from "../../lab/stack-config";
import { keepWarnings } from "../helpers/kept-warnings";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

describe("the program on a stack with a machine in AWS that somebody stopped", () => {
  it("names the node, the machine, and the ways to have it back", async () => {
    const warnings = keepWarnings();
    const lab = labWithFixedKeys();
    const stack = labSettings(lab);
    addBurstPools(lab, stack);
    cloudPool(stack, "burst").count = 3;
    const states: Readonly<Record<string, string>> = { "edge-burst-0": "running", "edge-burst-1": "stopped", "edge-burst-2": "stopping" };
    const outputsOf = (type: string, name: string) => ({
      ...mockedOutputs(type, name),
      ...(type === "aws:ec2/instance:Instance" && { instanceState: states[name.slice(0, "edge-burst-0".length)] }),
    });
    await recordProgram(runOf("burst", stack, { outputsOf }));
    const told = [1, 2].map((index) => {
      const vm = `edge-burst-${index}-eu-central-1-debian-12-amd64-vm`;
      return new RegExp(
        `^edge-burst-${index}: its machine ${vm}-id is ${states[`edge-burst-${index}`]}, and the node is down; ` +
          `start it \\(aws ec2 start-instances --region eu-central-1 --instance-ids ${vm}-id\\) and run pulumi up --refresh, or make it again: pulumi up --replace 'urn:pulumi:[^']+::${vm}'$`,
      );
    });
    assert.equal(warnings.length, 2, warnings.join("\n"));
    for (const [index, pattern] of told.entries()) assert.match([...warnings].sort()[index] ?? "", pattern);
  });
});
