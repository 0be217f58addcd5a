import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addBurstPools, cloudPool, labSettings } from "../../lab/stack-config";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers, mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram } from "../helpers/record-program";
import { newSshKey } from "../helpers/ssh-key.cjs";

describe("the program on a stack with machines that Azure has as Failed", () => {
  it("asks again for those that never were reached, and leaves the others alone", async () => {
    const secrets = { "hybrid-k3s:sshPrivateKey": newSshKey().privateKey, "tailscale:oauthClientSecret": "tskey-client-lab" };
    const lab = labWithFixedKeys();
    const stack = labSettings(lab);
    addBurstPools(lab, stack);
    cloudPool(stack, "burst-az").count = 4;
    const settings = Object.entries(stack).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)] as const);
    const inState = (name: string, outputs: object) =>
      [`urn:pulumi:burst::hybrid-k3s::any$thing::edge-burst-az-${name}`, { type: "", outputs }] as const;
    const machine = (provisioningState: string, vmId: string) => ({ provisioningState, vmId });
    const reached = (vmId: string) => ({ triggers: [vmId], stdout: "{}" });
    const node = { name: "edge-burst-az-3", machine: "reclaimed Standard_D2s_v5", tailnetIp: "100.64.0.9" };

    const { registrations } = await recordProgram({
      config: { ...Object.fromEntries(settings), "tailscale:oauthClientId": "kLab", ...secrets },
      secretKeys: Object.keys(secrets),
      stack: "burst",
      outputsOf: mockedOutputs,
      answers: {
        ...mockedAnswers,
        // A spot machine was reclaimed, and the run that was to replace it failed: the last outputs are older.
        "pulumi:pulumi:readStackOutputs": { outputs: { nodes: [node] } },
        "pulumi:pulumi:readStackResourceOutputs": {
          outputs: Object.fromEntries([
            inState("0-vm", machine("Failed", "no-room")),
            inState("1-vm", machine("Failed", "bad-extension")),
            inState("1-wait-for-ssh", reached("bad-extension")),
            inState("2-vm", machine("Succeeded", "fine")),
            inState("3-vm", machine("Failed", "no-room-instead")),
            inState("3-wait-for-ssh", reached("reclaimed")),
          ]),
        },
      },
    });

    const tags = registrations.flatMap(({ type, inputs }) =>
      type === "azure-native:compute:VirtualMachine" ? [(inputs as { tags: Record<string, string> }).tags] : [],
    );
    assert.deepEqual(
      tags.map((all) => [all["hybrid-k3s-node"], all["hybrid-k3s-retry-of"]]),
      [
        ["edge-burst-az-0", "no-room"],
        ["edge-burst-az-1", undefined],
        ["edge-burst-az-2", undefined],
        ["edge-burst-az-3", "no-room-instead"],
      ],
    );
  });
});
