import assert from "node:assert/strict";
import { it } from "node:test";
import { cloudServerStack } from "../helpers/cloud-server-stack";
import { keepOptions } from "../helpers/kept-options";
import { keepWarnings } from "../helpers/kept-warnings";
import { mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

const SERVER = "edge-burst-0-eu-central-1-debian-12-amd64-vm";

it("replaces a server's machine as an agent's where cluster.allowServerReplacement is true, and adopts the kept one under its name", async () => {
  const [options, warnings] = [keepOptions(), keepWarnings()];
  const stack = cloudServerStack("burst");
  stack["hybrid-k3s:cluster"].allowServerReplacement = true;
  const outputsOf = (type: string, name: string) => ({
    ...mockedOutputs(type, name),
    ...(name === SERVER && { instanceType: "t3.medium" }),
  });
  await recordProgram(runOf("burst", stack, { outputsOf }));
  const server = options.get(SERVER);
  assert.deepEqual(server?.replaceOnChanges, ["instanceType", "rootBlockDevice", 'tags["hybrid-k3s-market"]']);
  assert.deepEqual(server.ignoreChanges, ["ami", "rootBlockDevice.tags"]);
  assert.deepEqual(server.aliases, ["edge-burst-0-eu-central-1-vm"]);
  assert.deepEqual(
    warnings.filter((text) => text.includes("its machine")),
    [],
  );
});
