import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keptMachineChanges, machineChanges } from "../../src/clouds/azure/machine-changes";
import { diskId, machineId } from "./azure-fixture";
import { type ResourceEntry, withProject } from "./azure-project";
import { ALL, NETWORK, machine } from "./azure-resources";

interface VmProperties {
  readonly osProfile: { readonly linuxConfiguration: object };
  readonly storageProfile: object;
}

// https://www.pulumi.com/registry/packages/azure-native/, and pulumi/pulumi-azure-native: provider/pkg/provider/provider.go
describe("the azure-native provider, of what others changed", { concurrency: 1 }, () => {
  // https://learn.microsoft.com/rest/api/compute/virtual-machines/get: $expand=instanceView
  it("tells a machine's power only to who asks for its instance view, and changes nothing of a stopped one", async (test) => {
    const { azure, project, ...own } = await withProject(test);
    assert.equal((await own.up(ALL)).code, 0);
    const { vmId } = (await project.state())["vm"]?.outputs ?? {};
    await azure.admin("act", { node: "edge-burst-0", name: "deallocate" });
    const machine = { resourceGroupName: "edge", vmName: "edge-burst-0", expand: "instanceView" };
    const kept = await own.up(ALL, { machine }, "--refresh");
    assert.match(kept.output, /9 unchanged/, kept.output);
    const { instanceView } = (await project.outputs())["machine"] as { instanceView: { statuses: readonly { code: string }[] } };
    assert.equal(instanceView.statuses[1]?.code, "PowerState/deallocated");
    const now = (await project.state())["vm"]?.outputs;
    assert.deepEqual([now?.["vmId"], now?.["instanceView"]], [vmId, undefined]);
    assert.match((await own.up([], { machine: { ...machine, vmName: "nobody" } })).output, /Code="NotFound"/);
  });

  it("leaves a machine alone that a disk was attached to, or that Azure Policy changed, behind the stack's back", async (test) => {
    const { azure, project, ...own } = await withProject(test);
    const [name, type, args] = machine("Standard_D2s_v5");
    assert.equal((await own.up([...NETWORK, [name, type, args, machineChanges]])).code, 0);
    const { properties, ...body } = (await azure.get(machineId("edge-burst-0"))) as { properties: VmProperties };
    const { osProfile, storageProfile } = properties;
    const patchSettings = { patchMode: "ImageDefault", assessmentMode: "AutomaticByPlatform" };
    const linuxConfiguration = { ...osProfile.linuxConfiguration, patchSettings };
    const dataDisks = [{ lun: 0, name: "pvc-1", createOption: "Attach", managedDisk: { id: diskId("pvc-1") } }];
    await azure.put(machineId("edge-burst-0"), {
      ...body,
      identity: { type: "SystemAssigned" },
      properties: { ...properties, osProfile: { ...osProfile, linuxConfiguration }, storageProfile: { ...storageProfile, dataDisks } },
    });
    const again = await project.up("--refresh", "--expect-no-changes");
    assert.equal(again.code, 0, again.output);
  });

  // https://learn.microsoft.com/azure/virtual-machines/delete: deleteOption of a machine that stands is changed by an update of it.
  it("changes in place whether a disk outlives its machine, keeps it where somebody deletes that, and takes it along with the group", async (test) => {
    const { azure, project, ...own } = await withProject(test);
    const [name, type, args] = machine("Standard_D2s_v5");
    const { storageProfile } = args as { storageProfile: { osDisk: object } };
    const withDisk = (deleteOption: string, opts: object): readonly ResourceEntry[] => [
      ...NETWORK,
      [name, type, { ...args, storageProfile: { ...storageProfile, osDisk: { ...storageProfile.osDisk, deleteOption } } }, { ...opts }],
    ];
    assert.equal((await own.up(withDisk("Delete", keptMachineChanges))).code, 0);
    const vmId = async () => (await project.state())["vm"]?.outputs["vmId"];
    const before = await vmId();
    // A release before this one left it at Delete; a server that may be replaced goes back to it, and may not be replaced by that alone.
    for (const [option, opts] of [
      ["Detach", keptMachineChanges],
      ["Delete", machineChanges],
      ["Detach", keptMachineChanges],
    ] as const) {
      const run = await own.up(withDisk(option, opts));
      assert.match(run.output, /VirtualMachine vm updated/, run.output);
      assert.equal(await vmId(), before);
      const { properties } = (await azure.get(machineId("edge-burst-0"))) as {
        properties: { storageProfile: { osDisk: { deleteOption: string } } };
      };
      assert.equal(properties.storageProfile.osDisk.deleteOption, option);
    }
    await azure.admin("terminate", { node: "edge-burst-0" });
    assert.deepEqual((await azure.admin("inventory"))["disk"], [diskId("disk-0")]);
    const gone = await project.destroy();
    assert.equal(gone.code, 0, gone.output);
    assert.deepEqual(Object.values(await azure.admin("inventory")).flat(), []);
  });
});
