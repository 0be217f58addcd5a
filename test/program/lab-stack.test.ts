import { join } from "node:path";
import { describe, it } from "node:test";
import { hostSpecs } from "../../lab/hosts/topology";
import type { Lab } from "../../lab/lab";
import { labSettings } from "../../lab/stack-config";
import { hostKey } from "../helpers/config-builder";
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

/** As much of a lab as its settings are made from, the same in every run. */
function labWithFixedKeys(): Lab {
  return {
    host: (name: string) => {
      const number = hostSpecs.findIndex((spec) => spec.name === name);
      return { spec: hostSpecs[number], hostKey: hostKey(number + 1) };
    },
    control: {
      tools: { k3sVersion: "v1.35.4+k3s1", tailscaleVersion: "1.88.3" },
      prepared: { siteAuthority: { certificateFile: join(__dirname, "../fixtures/site-ca.pem") } },
    },
  } as unknown as Lab;
}
