import { describe, it } from "node:test";
import { addBurstPools, cloudPool, labSettings } from "../../lab/stack-config";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { compareWithGolden } from "../helpers/golden";
import { mockedAnswers, mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram } from "../helpers/record-program";
import { newSshKey } from "../helpers/ssh-key.cjs";

describe("the program on the lab's stack with a machine in each cloud", () => {
  it("registers what the golden file says", async () => {
    const secrets = {
      "hybrid-k3s:sshPrivateKey": newSshKey().privateKey,
      "tailscale:oauthClientSecret": "tskey-client-lab",
    };
    const lab = labWithFixedKeys();
    const stack = labSettings(lab);
    addBurstPools(lab, stack);
    cloudPool(stack, "burst").count = 2;
    cloudPool(stack, "burst").remove = [0];
    cloudPool(stack, "burst").spot = true;
    cloudPool(stack, "burst-az").count = 1;
    compareWithGolden(
      "burst",
      await recordProgram({
        config: {
          ...Object.fromEntries(
            Object.entries(stack).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
          ),
          "tailscale:oauthClientId": "kLab",
          ...secrets,
        },
        secretKeys: Object.keys(secrets),
        stack: "burst",
        outputsOf: mockedOutputs,
        answers: mockedAnswers,
      }),
    );
  });
});
