import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { machineChanges, RETRY_TAG, retriedMachineChanges } from "../../src/clouds/azure/machine-changes";
import { diskId, GROUP, machineId, networkId, subnetId } from "./azure-fixture";
import { AzureProject, type ResourceEntry } from "./azure-project";

const PLACE = { resourceGroupName: "edge", location: "westeurope" };
const SUBNET = { resourceGroupName: "edge", virtualNetworkName: "net", subnetName: "private" };
const ADDRESS = { ...PLACE, publicIpAddressName: "out", sku: { name: "Standard" }, publicIPAllocationMethod: "Static" };

const RULE = {
  name: "ssh",
  priority: 100,
  direction: "Inbound",
  access: "Allow",
  protocol: "Tcp",
  sourceAddressPrefix: "198.51.100.0/24",
  sourcePortRange: "*",
  destinationAddressPrefix: "*",
  destinationPortRange: "22",
};

const GROUP_ENTRY: ResourceEntry = ["group", "resources:ResourceGroup", { resourceGroupName: "edge", location: "westeurope" }];
const NETWORK: readonly ResourceEntry[] = [
  GROUP_ENTRY,
  ["net", "network:VirtualNetwork", { ...PLACE, virtualNetworkName: "net", addressSpace: { addressPrefixes: ["10.9.0.0/16"] } }],
  ["wall", "network:NetworkSecurityGroup", { ...PLACE, networkSecurityGroupName: "wall", securityRules: [RULE] }],
  ["address", "network:PublicIPAddress", ADDRESS, { ignoreChanges: ["natGateway"] }],
  [
    "nat",
    "network:NatGateway",
    { ...PLACE, natGatewayName: "nat", sku: { name: "Standard" }, publicIpAddresses: [{ id: networkId("publicIPAddresses", "out") }] },
  ],
  [
    "private",
    "network:Subnet",
    { ...SUBNET, addressPrefix: "10.9.1.0/24", defaultOutboundAccess: false, natGateway: { id: networkId("natGateways", "nat") } },
  ],
  [
    "nic",
    "network:NetworkInterface",
    {
      ...PLACE,
      networkInterfaceName: "nic",
      networkSecurityGroup: { id: networkId("networkSecurityGroups", "wall") },
      ipConfigurations: [{ name: "primary", subnet: { id: subnetId("private") }, privateIPAllocationMethod: "Dynamic" }],
    },
  ],
];

const machine = (vmSize: string, text = "#cloud-config\n"): ResourceEntry => [
  "vm",
  "compute:VirtualMachine",
  {
    ...PLACE,
    vmName: "edge-burst-0",
    tags: { "hybrid-k3s-node": "edge-burst-0" },
    hardwareProfile: { vmSize },
    osProfile: {
      computerName: "edge-burst-0",
      adminUsername: "ops",
      customData: Buffer.from(text).toString("base64"),
      linuxConfiguration: {
        disablePasswordAuthentication: true,
        ssh: { publicKeys: [{ path: "/home/ops/.ssh/authorized_keys", keyData: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA" }] },
      },
    },
    storageProfile: {
      imageReference: { publisher: "Debian", offer: "debian-12", sku: "12-gen2", version: "latest" },
      osDisk: { name: "disk-0", createOption: "FromImage", deleteOption: "Delete" },
    },
    networkProfile: { networkInterfaces: [{ id: networkId("networkInterfaces", "nic"), primary: true, deleteOption: "Detach" }] },
  },
];
const ALL = [...NETWORK, machine("Standard_D2s_v5")];

interface VmProperties {
  readonly osProfile: { readonly linuxConfiguration: object };
  readonly storageProfile: object;
}

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

async function withProject(test: Parameters<typeof AzureProject.create>[0]) {
  const owner = await AzureProject.create(test);
  return { azure: owner.azure, project: owner.project, set: owner.set.bind(owner), up: owner.up.bind(owner) };
}
