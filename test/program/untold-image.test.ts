import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addBurstPools, cloudPool, labSettings } from "../../lab/stack-config";
import { keepWarnings } from "../helpers/kept-warnings";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

describe("the program on a stack with machines in AWS, which does not tell their image's id", () => {
  it("registers all nodes, so that standing machines keep their image and a burst elsewhere goes on, and says so once", async () => {
    const warnings = keepWarnings();
    const lab = labWithFixedKeys();
    const stack = labSettings(lab);
    addBurstPools(lab, stack);
    cloudPool(stack, "burst").count = 2;
    cloudPool(stack, "burst-az").count = 1;
    const answers = Object.fromEntries(Object.entries(mockedAnswers).filter(([token]) => !token.startsWith("aws:ssm/")));
    const { registrations } = await recordProgram(runOf("burst", stack, { answers }));
    const machines = registrations.filter(({ type }) => /:Instance$|:VirtualMachine$/.test(type));
    assert.deepEqual(
      machines.map(({ type, inputs }) => [type, (inputs as { ami?: string }).ami]),
      [
        ["aws:ec2/instance:Instance", undefined],
        ["aws:ec2/instance:Instance", undefined],
        ["azure-native:compute:VirtualMachine", undefined],
      ],
    );
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(
      warnings[0] ?? "",
      /^eu-central-1: AWS did not tell the id of the image debian-12 \(.*\); machines that stand keep theirs, and new ones cannot be made there$/,
    );
  });
});
