import { describe, it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { compareWithGolden } from "../helpers/golden";
import { mockedAnswers, mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram } from "../helpers/record-program";
import { newSshKey } from "../helpers/ssh-key.cjs";

describe("the program on the lab's stack", () => {
  it("registers what the golden file says", async () => {
    const secrets = {
      "hybrid-k3s:sshPrivateKey": newSshKey().privateKey,
      "tailscale:oauthClientSecret": "tskey-client-lab",
    };
    const settings = Object.entries(labSettings(labWithFixedKeys()));
    compareWithGolden(
      "lab",
      await recordProgram({
        config: {
          ...Object.fromEntries(settings.map(([key, value]) => [key, JSON.stringify(value)])),
          "tailscale:oauthClientId": "kLab",
          ...secrets,
        },
        secretKeys: Object.keys(secrets),
        stack: "lab",
        outputsOf: mockedOutputs,
        answers: mockedAnswers,
      }),
    );
  });
});
