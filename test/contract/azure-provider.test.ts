import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { machineChanges, RETRY_TAG, retriedMachineChanges } from "../../src/clouds/azure/machine-changes";
import { GROUP, machineId, subnetId } from "./azure-fixture";
import { type ResourceEntry, withProject } from "./azure-project";
import { ADDRESS, ALL, GROUP_ENTRY, NETWORK, SUBNET, machine } from "./azure-resources";

// https://www.pulumi.com/registry/packages/azure-native/, and pulumi/pulumi-azure-native: provider/pkg/provider/provider.go
describe("the azure-native provider", { concurrency: 1 }, () => {
  it("makes everything, finds it unchanged after a refresh, and takes it all away", async (test) => {
    const { azure, project, ...own } = await withProject(test);
    const first = await own.up(ALL);
    assert.equal(first.code, 0, first.output);
    const { vm, nic, address, net, private: subnet } = await project.state();
    assert.equal(vm?.id, machineId("edge-burst-0"));
    assert.equal(subnet?.id, subnetId("private"));
    assert.match(String(vm?.outputs["vmId"]), /^[0-9a-f-]{36}$/);
    assert.equal(vm?.outputs["provisioningState"], "Succeeded");
    assert.match(String(address?.outputs["ipAddress"]), /^203\.0\.113\./);
    assert.deepEqual(net?.outputs["subnets"], []);
    const [configuration] = nic?.outputs["ipConfigurations"] as readonly { privateIPAddress: string }[];
    assert.equal(configuration?.privateIPAddress, "10.9.1.4");
    assert.equal(azure.machines.on.size, 1);

    const second = await project.up("--refresh", "--expect-no-changes");
    assert.equal(second.code, 0, second.output);
    const gone = await project.destroy();
    assert.equal(gone.code, 0, gone.output);
    assert.deepEqual(Object.values(await azure.admin("inventory")).flat(), []);
  });

  it("looks up a subnet", async (test) => {
    const { project, azure, ...own } = await withProject(test);
    await azure.withNetwork();
    const run = await own.up([], { subnet: SUBNET });
    assert.equal(run.code, 0, run.output);
    const shown = (await project.outputs())["subnet"] as Readonly<Record<string, unknown>>;
    assert.deepEqual([shown["addressPrefix"], shown["id"]], ["10.9.1.0/24", subnetId("private")]);
    const missing = await own.up([], { subnet: { ...SUBNET, subnetName: "nowhere" } });
    assert.match(missing.output, /Code="NotFound"/);
  });

  it("calls nothing in a preview", async (test) => {
    const { azure, project, ...own } = await withProject(test);
    await own.set(ALL);
    const run = await project.preview();
    assert.equal(run.code, 0, run.output);
    assert.deepEqual(Object.values(await azure.admin("inventory")).flat(), []);
  });

  it("resizes in place, shows what Azure refuses to change, and makes a vanished machine again", async (test) => {
    const { azure, ...own } = await withProject(test);
    assert.equal((await own.up(ALL)).code, 0);
    const resized = await own.up([...NETWORK, machine("Standard_D4s_v5")]);
    assert.match(resized.output, /VirtualMachine vm updated/, resized.output);
    const refused = await own.up([...NETWORK, machine("Standard_D4s_v5", "#cloud-config\nhostname: other\n")]);
    assert.match(refused.output, /PropertyChangeNotAllowed/);
    await azure.admin("terminate", { node: "edge-burst-0" });
    const again = await own.up(ALL, {}, "--refresh");
    assert.equal(again.code, 0, again.output);
    assert.match(again.output, /VirtualMachine vm created/);
    assert.deepEqual([...azure.machines.on.keys()], ["az2"]);
  });

  it("keeps a network's subnets when the network changes", async (test) => {
    const { azure, project, ...own } = await withProject(test);
    assert.equal((await own.up(NETWORK)).code, 0);
    const [group, [name, type, args] = GROUP_ENTRY, ...others] = NETWORK;
    const tagged = await own.up([group ?? GROUP_ENTRY, [name, type, { ...args, tags: { cluster: "edge" } }], ...others]);
    assert.equal(tagged.code, 0, tagged.output);
    assert.ok((await azure.get(subnetId("private")))["properties"]);
    assert.equal((await project.up("--refresh", "--expect-no-changes")).code, 0);
  });

  it("puts a machine that failed for want of capacity into the state, so that the next up makes it and destroy removes it", async (test) => {
    const { azure, project, ...own } = await withProject(test);
    await azure.admin("capacity", { count: 1 });
    const failed = await own.up(ALL);
    assert.notEqual(failed.code, 0);
    assert.match(failed.output, /AllocationFailed/);
    assert.equal((await project.state())["vm"]?.id, machineId("edge-burst-0"));
    const next = await project.up();
    assert.equal(next.code, 0, next.output);
    assert.equal(azure.machines.on.size, 1);
    assert.equal((await project.destroy()).code, 0);
    assert.equal(azure.machines.on.size, 0);
  });

  // pulumi/pulumi: pkg/resource/deploy/step.go, RefreshStep.Apply; pulumi/pulumi-azure-native: provider.go, Read
  it("forgets at a refresh that a machine failed, and makes another one in its place where its tag says so, which stays", async (test) => {
    const { azure, project, ...own } = await withProject(test);
    const [name, type, args] = machine("Standard_D2s_v5");
    const entry = (retryOf: string | undefined): ResourceEntry[] => {
      const changes = retryOf === undefined ? machineChanges : retriedMachineChanges;
      const tags = { cluster: "edge", ...(retryOf !== undefined && { [RETRY_TAG]: retryOf }) };
      return [...NETWORK, [name, type, { ...args, tags }, { ...changes, deleteBeforeReplace: true }]];
    };
    await azure.admin("capacity", { count: 1 });
    assert.match((await own.up(entry(undefined))).output, /AllocationFailed/);
    const forgotten = await project.up("--refresh", "--expect-no-changes");
    assert.equal(forgotten.code, 0, forgotten.output);
    const { vmId, provisioningState } = (await project.state())["vm"]?.outputs ?? {};
    assert.deepEqual([provisioningState, azure.machines.on.size], ["Failed", 0]);

    const again = await own.up(entry(String(vmId)), {}, "--refresh");
    assert.match(again.output, /VirtualMachine vm deleted original[^]*VirtualMachine vm created replacement/, again.output);
    assert.equal(azure.machines.on.size, 1);
    const after = await own.up(entry(undefined), {}, "--refresh", "--expect-no-changes");
    assert.equal(after.code, 0, after.output);
    assert.deepEqual((await azure.get(machineId("edge-burst-0")))["tags"], { cluster: "edge", [RETRY_TAG]: vmId });
  });

  it("takes over nothing that exists already, and refuses properties that there are not", async (test) => {
    const { azure, ...own } = await withProject(test);
    await azure.put(GROUP, { location: "westeurope" });
    const run = await own.up([GROUP_ENTRY]);
    assert.match(run.output, new RegExp(`cannot create already existing resource '${GROUP}'`));
    // The SDK itself drops unknown inputs at the top, so only inner ones get as far as the provider.
    const unknown = await own.up([["address", "network:PublicIPAddress", { ...ADDRESS, sku: { name: "Standard", size: 1 } }]]);
    assert.match(unknown.output, /Unrecognized field 'size'/);
  });

  it("refuses to work without a subscription", async (test) => {
    const { project, ...own } = await withProject(test);
    await project.write({ "Pulumi.test.yaml": "{}" });
    const run = await own.up([GROUP_ENTRY]);
    assert.match(run.output, /A Subscription ID must be configured/);
  });
});
