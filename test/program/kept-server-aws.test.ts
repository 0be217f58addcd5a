import assert from "node:assert/strict";
import { it } from "node:test";
import { cloudPool } from "../../lab/stack-config";
import { cloudServerStack } from "../helpers/cloud-server-stack";
import { keepOptions } from "../helpers/kept-options";
import { keepWarnings } from "../helpers/kept-warnings";
import { mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

const SERVER = "edge-burst-0-eu-central-1-vm";
const AGENT = "edge-extra-0-eu-central-1-debian-12-amd64-vm";

it("keeps a server's machine in AWS whatever the config asks for, and prints what gives it by hand", async () => {
  const [options, warnings] = [keepOptions(), keepWarnings()];
  const stack = cloudServerStack("burst");
  Object.assign(cloudPool(stack, "burst"), { instanceType: "t3.xlarge", diskGb: 60 });
  const outputsOf = (type: string, name: string) => ({
    ...mockedOutputs(type, name),
    ...(name === SERVER && { instanceType: "t3.large", rootBlockDevice: { volumeId: "vol-1", volumeSize: 40 }, instanceState: "stopped" }),
  });
  const { registrations } = await recordProgram(runOf("burst", stack, { outputsOf }));
  const inputsOf = (wanted: string) => registrations.find(({ name }) => name === wanted)?.inputs as Readonly<Record<string, unknown>>;
  const protection = (name: string) => {
    const { instanceInitiatedShutdownBehavior, disableApiTermination, forceDestroy } = inputsOf(name);
    return [instanceInitiatedShutdownBehavior, disableApiTermination, forceDestroy];
  };
  assert.deepEqual(protection(SERVER), ["stop", true, true]);
  assert.deepEqual(protection(AGENT), ["terminate", undefined, undefined]);

  // Another SSH key is placed on a kept machine in place, before anything else goes there; an agent gets another machine.
  const { wanted } = inputsOf("edge-burst-0-login") as { wanted: { node: string; publicKey: string } };
  assert.equal(wanted.node, "edge-burst-0");
  assert.match(wanted.publicKey, /^ssh-ed25519 [A-Za-z0-9+/=]+$/);
  assert.equal(registrations.filter(({ name }) => name.endsWith("-login")).length, 1);
  assert.ok(options.get("edge-burst-0-join")?.dependsOn.some((urn) => urn.endsWith("::edge-burst-0-login")));

  const server = options.get(SERVER);
  assert.deepEqual(server?.ignoreChanges, ["ami", "userData", "instanceType", "rootBlockDevice", "associatePublicIpAddress"]);
  assert.deepEqual(server.replaceOnChanges, []);
  // The names that earlier releases and other images give it.
  for (const image of ["debian-12-amd64", "debian-13-amd64", "ubuntu-24.04-arm64"]) {
    assert.ok(server.aliases.includes(`edge-burst-0-eu-central-1-${image}-vm`), image);
  }
  const agent = options.get(AGENT);
  assert.deepEqual(agent?.ignoreChanges, ["ami", "rootBlockDevice.tags"]);
  assert.deepEqual(agent.replaceOnChanges, ["instanceType", "rootBlockDevice", 'tags["hybrid-k3s-market"]']);
  assert.deepEqual(agent.aliases, []);

  const [type, disk, stopped, ...others] = warnings
    .filter((text) => text.startsWith("edge-burst-0: "))
    .sort((one, other) => rank(one) - rank(other));
  const id = `${SERVER}-id`;
  assert.equal(
    type,
    "edge-burst-0: its machine stays t3.large, and t3.xlarge of the config waits: no run stops or replaces a server. By hand, with the API away for so long: " +
      `aws ec2 stop-instances --instance-ids ${id} --region eu-central-1 && aws ec2 wait instance-stopped --instance-ids ${id} --region eu-central-1 && ` +
      `aws ec2 modify-instance-attribute --instance-id ${id} --instance-type t3.xlarge --region eu-central-1 && ` +
      `aws ec2 start-instances --instance-ids ${id} --region eu-central-1; then pulumi up --refresh`,
  );
  assert.match(
    disk ?? "",
    /stays at a disk of 40 GB, and 60 GB .* By hand: aws ec2 modify-volume --volume-id vol-1 --size 60 --region eu-central-1; then/,
  );
  assert.equal(
    stopped,
    `edge-burst-0: its machine ${id} is stopped, and the node is down; start it (aws ec2 start-instances --region eu-central-1 --instance-ids ${id}) and run pulumi up --refresh`,
  );
  assert.deepEqual(others, []);
});

const rank = (text: string) => ["stays t3", "disk of", "is stopped"].findIndex((part) => text.includes(part));
