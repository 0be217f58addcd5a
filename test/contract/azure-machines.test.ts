import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { publicKeyOf } from "../../src/config/values/ssh-public-key";
import { Azure, type MachineChanges, USER_DATA, diskId, machine, machineId, networkId, refused, rule, wall } from "./azure-fixture";

const VM = machineId("edge-burst-0");
const SPOT = { priority: "Spot", evictionPolicy: "Delete", billingProfile: { maxPrice: -1 } };
const [NIC, WALL] = [networkId("networkInterfaces", "nic"), networkId("networkSecurityGroups", "wall")];

const asked = (azure: Azure, changes: MachineChanges) => azure.put(VM, machine(changes));
const count = async (azure: Azure, kind: string): Promise<number> => ((await azure.admin("inventory"))[kind] as readonly string[]).length;
const properties = async (azure: Azure, id: string) => (await azure.get(id))["properties"] as Readonly<Record<string, unknown>>;

describe("virtual machines of Azure", { concurrency: 8 }, () => {
  // https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update, https://learn.microsoft.com/azure/virtual-machines/custom-data
  it("boots a machine with its custom data, and never shows these again", async () => {
    const azure = await new Azure().withNetwork();
    const { properties: shown, id } = await asked(azure, {});
    const { vmId, osProfile, storageProfile } = shown as {
      vmId: string;
      osProfile: object;
      storageProfile: { osDisk: { managedDisk: { id: string } } };
    };
    assert.equal(id, VM);
    assert.ok(!("customData" in osProfile));
    assert.equal(storageProfile.osDisk.managedDisk.id, diskId("disk-0"));
    assert.deepEqual(azure.machines.on.get("az1"), {
      name: "az1",
      cloud: "azure",
      privateAddress: "10.9.1.4",
      prefixLength: 24,
      // AllowVnetInBound, which no rule of the group's takes away.
      firewall: [
        { protocol: "tcp", port: 22, sources: ["198.51.100.0/24"] },
        { protocol: "any", sources: ["10.9.0.0/16"] },
      ],
      userData: USER_DATA,
      instanceId: vmId,
      region: "westeurope",
      zone: "1",
    });
    assert.deepEqual(await azure.admin("machineOf", { node: "edge-burst-0" }), {
      machine: "az1",
      vmId,
      privateIp: "10.9.1.4",
      state: "running",
    });
  });

  // https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#security-rules
  it("follows the firewall's rules in the order of their priorities, also when they change", async () => {
    const azure = await new Azure().withNetwork();
    await asked(azure, {});
    const rules = [
      rule("nobody", 100, "Deny", "Tcp", "22", "198.51.100.0/24"),
      rule("ssh", 110, "Allow", "Tcp", "22", "198.51.100.7"),
      rule("other", 120, "Allow", "Tcp", "22", "192.0.2.0/24"),
      rule("vpn", 130, "Allow", "Udp", "41641", "*"),
      rule("rest", 4096, "Deny", "*", "*", "*"),
    ];
    await azure.put(WALL, wall(rules));
    assert.deepEqual(azure.machines.firewalls.get("az1"), [
      { protocol: "tcp", port: 22, sources: ["192.0.2.0/24"] },
      { protocol: "udp", port: 41641, sources: ["0.0.0.0/0"] },
    ]);
  });

  // https://learn.microsoft.com/azure/virtual-machines/delete
  it("takes the disk and the interface along as their deleteOptions say, and detaches by default", async () => {
    const azure = await new Azure().withNetwork();
    await asked(azure, {});
    await refused(azure.delete(NIC), "NicInUse");
    await refused(azure.delete(diskId("disk-0")), "OperationNotAllowed");
    await azure.delete(VM);
    assert.equal(azure.machines.on.size, 0);
    assert.equal(await count(azure, "disk"), 0);
    assert.equal((await properties(azure, NIC))["virtualMachine"], undefined);

    const { storageProfile } = machine()["properties"] as { storageProfile: { imageReference: object } };
    const osDisk = { name: "kept", createOption: "FromImage" };
    await asked(azure, { properties: { storageProfile: { ...storageProfile, osDisk } }, nic: { deleteOption: "Delete" } });
    await azure.delete(VM);
    assert.equal(await count(azure, "disk"), 1);
    assert.equal(await count(azure, "networkInterface"), 0);
    await azure.delete(diskId("kept"));
  });

  // https://learn.microsoft.com/azure/virtual-machines/states-billing, https://learn.microsoft.com/rest/api/compute/virtual-machines/power-off
  it("stops, deallocates and starts a machine, which stays the same, and sees one that has powered itself off", async () => {
    const azure = await new Azure().withNetwork();
    const { properties: before } = await asked(azure, {});
    const powerState = async () => {
      const { properties: shown } = await azure.ask("Get", { id: VM, expand: "instanceView" });
      return (shown as { instanceView: { statuses: readonly { code: string }[] } }).instanceView.statuses[1]?.code;
    };
    const act = async (name: string) => azure.finished(await azure.ask("Post", { id: VM, name }));
    assert.equal(await powerState(), "PowerState/running");
    await act("powerOff");
    assert.deepEqual([await powerState(), azure.machines.on.size, azure.machines.off.size], ["PowerState/stopped", 0, 1]);
    await act("start");
    azure.machines.ended.add("az1");
    assert.equal(await powerState(), "PowerState/stopped");
    await act("start");
    await act("deallocate");
    assert.equal(await powerState(), "PowerState/deallocated");
    // A PUT gives no power.
    await asked(azure, { properties: { hardwareProfile: { vmSize: "Standard_D4s_v5" } } });
    assert.equal(await powerState(), "PowerState/deallocated");
    await act("start");
    assert.deepEqual([await powerState(), [...azure.machines.on.keys()], azure.machines.off.size], ["PowerState/running", ["az1"], 0]);
    const vmIdOf = (shown: unknown) => (shown as { vmId: string }).vmId;
    assert.equal(vmIdOf(await properties(azure, VM)), vmIdOf(before));
    assert.ok(!("instanceView" in (await properties(azure, VM))));
    await refused(azure.ask("Post", { id: VM, name: "explode" }), "InvalidResourceType");
    await refused(azure.ask("Get", { id: VM, expand: "everything" }), "InvalidParameter");
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors (PropertyChangeNotAllowed)
  it("resizes in place, and refuses to change what a machine was made from", async () => {
    const azure = await new Azure().withNetwork();
    await asked(azure, {});
    await asked(azure, { properties: { hardwareProfile: { vmSize: "Standard_D4s_v5" } } });
    const other = Buffer.from("#cloud-config\n").toString("base64");
    await refused(asked(azure, { osProfile: { customData: other } }), "PropertyChangeNotAllowed", /'osProfile\.customData'/);
    await refused(asked(azure, { body: { zones: ["2"] } }), "PropertyChangeNotAllowed", /'zones'/);
    await refused(asked(azure, { image: { offer: "debian-13", sku: "13-gen2" } }), "PropertyChangeNotAllowed", /imageReference/);
    await refused(asked(azure, { properties: SPOT }), "PropertyChangeNotAllowed", /'priority'/);
    assert.equal(azure.machines.on.size, 1);
  });

  // https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions, https://wiki.debian.org/Cloud/MicrosoftAzure
  it("refuses sizes, images and pairs of these that cannot boot", async () => {
    const azure = await new Azure().withNetwork();
    await refused(asked(azure, { properties: { hardwareProfile: { vmSize: "t3.large" } } }), "InvalidParameter", /VM size/);
    const arm = { hardwareProfile: { vmSize: "Standard_D2pds_v5" } };
    await refused(asked(azure, { properties: arm }), "BadRequest", /only supports a CPU Architecture of 'Arm64'/);
    await refused(asked(azure, { image: { sku: "12-arm64" } }), "BadRequest", /CPU Architecture 'Arm64' was given/);
    await refused(asked(azure, { image: { offer: "debian-99" } }), "PlatformImageNotFound");
    const newest = { hardwareProfile: { vmSize: "Standard_D2s_v6" } };
    await refused(asked(azure, { properties: newest, image: { sku: "12" } }), "BadRequest", /Hypervisor Generation '1'/);
    await asked(azure, { properties: arm, image: { sku: "12-arm64" } });
  });

  // https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#osprofile
  it("refuses reserved users, logins without a key or with a short one, and custom data that are too long or no base64", async () => {
    const azure = await new Azure().withNetwork();
    await refused(asked(azure, { osProfile: { adminUsername: "root" } }), "InvalidParameter", /Admin Username/);
    const linuxConfiguration = { disablePasswordAuthentication: true };
    await refused(asked(azure, { osProfile: { linuxConfiguration } }), "InvalidParameter", /either SSH or by user name and password/);
    const withKey = (modulusLength: number) => {
      const keyData = publicKeyOf(
        generateKeyPairSync("rsa", { modulusLength }).privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
      );
      const publicKeys = [{ path: "/home/ops/.ssh/authorized_keys", keyData }];
      return asked(azure, { osProfile: { linuxConfiguration: { ...linuxConfiguration, ssh: { publicKeys } } } });
    };
    await refused(withKey(2040), "InvalidParameter", /keyData/);
    await refused(asked(azure, { osProfile: { customData: "#cloud-config" } }), "InvalidParameter", /Base64/);
    const long = Buffer.alloc(65_536).toString("base64");
    await refused(asked(azure, { osProfile: { customData: long } }), "InvalidParameter", /maximum/);
    await withKey(2048);
  });

  // https://learn.microsoft.com/azure/virtual-machines/spot-vms
  it("evicts spot machines with their disks, and refuses spot settings elsewhere", async () => {
    const azure = await new Azure().withNetwork();
    await refused(asked(azure, { properties: { billingProfile: { maxPrice: 0.1 } } }), "InvalidParameter", /Max price/);
    await refused(asked(azure, { properties: { evictionPolicy: "Delete" } }), "InvalidParameter", /Eviction policy/);
    await refused(asked(azure, { properties: { ...SPOT, billingProfile: { maxPrice: 0 } } }), "InvalidParameter", /max price/i);
    await asked(azure, { properties: SPOT, osDisk: { deleteOption: "Detach" } });
    await azure.admin("evict", { node: "edge-burst-0" });
    await refused(azure.get(VM), "ResourceNotFound");
    assert.deepEqual([azure.machines.on.size, await count(azure, "disk"), await count(azure, "networkInterface")], [0, 0, 1]);
  });

  // https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/allocation-failure
  it("leaves a Failed machine behind when there is no capacity, which a second PUT makes", async () => {
    const azure = await new Azure().withNetwork();
    await azure.admin("capacity", { count: 1 });
    await refused(asked(azure, {}), "AllocationFailed", /sufficient capacity/);
    assert.equal((await properties(azure, VM))["provisioningState"], "Failed");
    assert.equal(azure.machines.on.size, 0);
    await refused(azure.delete(NIC), "NicInUse");
    await asked(azure, {});
    assert.equal((await properties(azure, VM))["provisioningState"], "Succeeded");
    assert.equal(azure.machines.on.size, 1);
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available
  it("makes nothing where a size is not to be had", async () => {
    const azure = await new Azure().withNetwork();
    await azure.admin("capacity", { count: 1, code: "SkuNotAvailable" });
    await refused(asked(azure, { properties: SPOT }), "SkuNotAvailable", /zones '1'/);
    await refused(azure.get(VM), "ResourceNotFound");
    await azure.admin("restrict", { vmSize: "Standard_D2s_v5", location: "westeurope", zone: "2" });
    await refused(asked(azure, { body: { zones: ["2"] } }), "SkuNotAvailable");
    await refused(asked(azure, { body: { zones: ["4"] } }), "AvailabilityZoneNotSupported");
    await asked(azure, {});
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota
  it("counts cores", async () => {
    const azure = await new Azure().withNetwork();
    await azure.admin("quota", { location: "westeurope", cores: 1 });
    await refused(asked(azure, {}), "OperationNotAllowed", /Current Limit: 1, Current Usage: 0, Additional Required: 2/);
  });

  it("can be told to lose a machine, or to keep it dark", async () => {
    const azure = await new Azure().withNetwork();
    await asked(azure, {});
    await azure.admin("terminate", { node: "edge-burst-0" });
    await refused(azure.get(VM), "ResourceNotFound");
    await azure.admin("noBoot");
    await asked(azure, {});
    assert.equal(azure.machines.on.size, 0);
    await azure.delete(VM);
  });
});
