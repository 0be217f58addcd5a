import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { addBurstPools, cloudPool, labSettings } from "../../lab/stack-config";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers, mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram } from "../helpers/record-program";
import { newSshKey } from "../helpers/ssh-key.cjs";

describe("the program on a stack whose network has another range", () => {
  it("says so and registers nothing", async () => {
    const secrets = { "hybrid-k3s:sshPrivateKey": newSshKey().privateKey, "tailscale:oauthClientSecret": "tskey-client-lab" };
    const lab = labWithFixedKeys();
    const stack = labSettings(lab);
    addBurstPools(lab, stack);
    cloudPool(stack, "burst").count = 1;
    const settings = Object.entries(stack).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)] as const);
    const urn = "urn:pulumi:burst::hybrid-k3s::hybrid-k3s:cluster:HybridCluster$aws:ec2/vpc:Vpc::edge-aws-eu-central-1-vpc";
    const registered: string[] = [];
    const run = recordProgram({
      config: { ...Object.fromEntries(settings), "tailscale:oauthClientId": "kLab", ...secrets },
      secretKeys: Object.keys(secrets),
      stack: "burst",
      outputsOf: (type, name) => {
        registered.push(name);
        return mockedOutputs(type, name);
      },
      answers: {
        ...mockedAnswers,
        "pulumi:pulumi:readStackResourceOutputs": {
          outputs: { [urn]: { type: "aws:ec2/vpc:Vpc", outputs: { cidrBlock: "10.9.0.0/20" } } },
        },
      },
    });
    await assert.rejects(run, (error: Error) => {
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
