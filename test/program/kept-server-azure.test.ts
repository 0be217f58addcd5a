import assert from "node:assert/strict";
import { it } from "node:test";
import { cloudPool } from "../../lab/stack-config";
import { cloudServerStack } from "../helpers/cloud-server-stack";
import { keepOptions } from "../helpers/kept-options";
import { keepWarnings } from "../helpers/kept-warnings";
import { mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

const SERVER = "edge-burst-az-0-vm";

it("keeps a server's machine in Azure whatever the config asks for, and prints what gives it by hand", async () => {
  const [options, warnings] = [keepOptions(), keepWarnings()];
  const stack = cloudServerStack("burst-az");
  Object.assign(cloudPool(stack, "burst-az"), { vmSize: "Standard_D2ps_v5", diskGb: 40 });
  const outputsOf = (type: string, name: string) => ({
    ...mockedOutputs(type, name),
    ...(name === SERVER && { hardwareProfile: { vmSize: "Standard_D2s_v5" }, storageProfile: { osDisk: { diskSizeGB: 60 } } }),
  });
  const { registrations } = await recordProgram(runOf("burst", stack, { outputsOf }));
  const { ignoreChanges = [], replaceOnChanges = [] } = options.get(SERVER) ?? {};
  const kept = ["hardwareProfile", "osProfile", "storageProfile.imageReference", "storageProfile.osDisk.diskSizeGB"];
  assert.deepEqual(
    kept.filter((part) => !ignoreChanges.includes(part)),
    [],
  );
  assert.deepEqual(
    replaceOnChanges.filter((path) => /^(hardware|os|storage)Profile/.test(path)),
    [],
  );
  // Its disk outlives it, on machines of earlier releases too: that is not ignored.
  const { inputs } = registrations.find(({ name }) => name === SERVER) as {
    inputs: { storageProfile: { osDisk: { deleteOption: string } } };
  };
  assert.equal(inputs.storageProfile.osDisk.deleteOption, "Detach");
  assert.ok(!ignoreChanges.some((path) => "storageProfile.osDisk.deleteOption".startsWith(path)));

  const told = warnings.filter((text) => text.startsWith("edge-burst-az-0: ")).sort();
  assert.equal(told.length, 2, told.join("\n"));
  const [type, disk] = told[0]?.includes("disk of") ? [told[1], told[0]] : told;
  assert.match(
    type ?? "",
    /stays Standard_D2s_v5, and Standard_D2ps_v5 .* No machine changes its architecture: this takes a new machine.*allowServerReplacement/,
  );
  assert.match(disk ?? "", /stays at a disk of 60 GB, and 40 GB .* No disk shrinks: write 60; less takes a new machine/);
});
