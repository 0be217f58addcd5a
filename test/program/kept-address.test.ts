import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressWarning } from "../../src/clouds/aws/aws-machine";
import { cloudServerStack } from "../helpers/cloud-server-stack";
import { keepWarnings } from "../helpers/kept-warnings";
import { mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

const SERVER = "edge-burst-0-eu-central-1-vm";
const running = { id: "i-1", state: "running", address: "203.0.113.10" };
const plan = (publicIp: boolean) => ({ name: "core-0", region: "eu-central-1", publicIp });

describe("the public address of a server's machine in AWS, which is kept", () => {
  it("is told of where it is missing, with the ways to have it", async () => {
    const warnings = keepWarnings();
    const outputsOf = (type: string, name: string) => ({
      ...mockedOutputs(type, name),
      ...(name === SERVER && { instanceState: "running", publicIp: "", instanceType: "t3.large", rootBlockDevice: { volumeSize: 30 } }),
    });
    await recordProgram(runOf("burst", cloudServerStack("burst"), { outputsOf }));
    assert.deepEqual(
      warnings.filter((text) => text.startsWith("edge-burst-0: ")),
      [
        "edge-burst-0: its machine stays without a public address, and publicIp: true of the config waits: no run stops or replaces a server. Write publicIp: false, " +
          "or give it an Elastic IP of your own: aws ec2 allocate-address --region eu-central-1, then " +
          `aws ec2 associate-address --region eu-central-1 --instance-id ${SERVER}-id --allocation-id ID; then pulumi up --refresh`,
      ],
    );
  });

  it("is told of where the config wants none any more", () => {
    assert.equal(
      addressWarning(plan(false), running),
      "core-0: its machine stays at its public address 203.0.113.10, and publicIp: false of the config waits: no run stops or replaces a server. " +
        "AWS takes it from none but a new machine: write publicIp: true",
    );
  });

  it("is no matter where it is as the config says, or the machine does not run and has none for so long", () => {
    assert.equal(addressWarning(plan(true), running), undefined);
    assert.equal(addressWarning(plan(false), { ...running, address: "" }), undefined);
    for (const state of ["stopped", "stopping", "pending"])
      assert.equal(addressWarning(plan(true), { id: "i-1", state, address: "" }), undefined);
  });
});
