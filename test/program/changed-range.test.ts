import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { addBurstPools, cloudPool, labSettings } from "../../lab/stack-config";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers, mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

describe("the program on a stack whose network has another range", () => {
  it("says so and registers nothing", async () => {
    const lab = labWithFixedKeys();
    const stack = labSettings(lab);
    addBurstPools(lab, stack);
    cloudPool(stack, "burst").count = 1;
    const urn = "urn:pulumi:burst::hybrid-k3s::hybrid-k3s:cluster:HybridCluster$aws:ec2/vpc:Vpc::edge-aws-eu-central-1-vpc";
    const registered: string[] = [];
    const standing = { [urn]: { type: "aws:ec2/vpc:Vpc", outputs: { cidrBlock: "10.9.0.0/20" } } };
    const given = runOf("burst", stack, {
      outputsOf: (type, name) => {
        registered.push(name);
        return mockedOutputs(type, name);
      },
      answers: { ...mockedAnswers, "pulumi:pulumi:readStackResourceOutputs": { outputs: standing } },
    });
    await assert.rejects(recordProgram(given), (error: Error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(
        error.message,
        /networks\.aws\.eu-central-1\.cidr: the network stands with 10\.9\.0\.0\/20, and the config says 172\.16\.128\.0\/20/,
      );
      return true;
    });
    assert.deepEqual(registered, []);
  });
});
