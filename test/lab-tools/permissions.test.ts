import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PermissionRecord } from "../../lab/clouds/permission-record";
import { type Permissions, comparePermissions, findUnlisted } from "../../lab/permission-file";

const GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/edge";
const network = (path: string) => `${GROUP}/providers/Microsoft.Network/${path}`;
const MACHINE = `${GROUP}/providers/Microsoft.Compute/virtualMachines/burst-0`;

/** What the call needs, in the cloud's own words. */
function needed(cloud: "aws" | "azure", action: string, parameters: Readonly<Record<string, unknown>>): readonly string[] {
  const record = new PermissionRecord();
  record.add(cloud, action, { region: "eu-central-1", ...parameters });
  return record.of(cloud);
}

describe("what a call to a cloud needs to be allowed", () => {
  it("is the action of the call's name in AWS, with tags one more", () => {
    const tagged = [{ ResourceType: "instance", Tags: [{ Key: "a", Value: "b" }] }];
    assert.deepEqual(needed("aws", "RunInstances", { TagSpecifications: tagged }), ["ec2:CreateTags", "ec2:RunInstances"]);
    assert.deepEqual(needed("aws", "AllocateAddress", { TagSpecifications: [] }), ["ec2:AllocateAddress"]);
    assert.deepEqual(needed("aws", "GetParameter", { Name: "/aws/service/debian" }), ["ssm:GetParameter"]);
  });

  it("is the verb on the type in Azure, and an action by its name", () => {
    assert.deepEqual(needed("azure", "Get", { id: MACHINE }), ["Microsoft.Compute/virtualMachines/read"]);
    assert.deepEqual(needed("azure", "Delete", { id: GROUP }), ["Microsoft.Resources/subscriptions/resourceGroups/delete"]);
    assert.deepEqual(needed("azure", "Post", { id: MACHINE, name: "deallocate" }), ["Microsoft.Compute/virtualMachines/deallocate/action"]);
    assert.deepEqual(needed("azure", "Operation", { id: "0123" }), []);
  });

  it("holds in Azure the joining of what a call refers to, wherever in it that stands", () => {
    const properties = {
      ipConfigurations: [{ properties: { subnet: { id: network("virtualNetworks/net/subnets/public") } } }],
      networkSecurityGroup: { id: network("networkSecurityGroups/nodes") },
    };
    assert.deepEqual(needed("azure", "Put", { id: network("networkInterfaces/burst-0-nic"), body: { properties } }), [
      "Microsoft.Network/networkInterfaces/write",
      "Microsoft.Network/networkSecurityGroups/join/action",
      "Microsoft.Network/virtualNetworks/subnets/join/action",
    ]);
  });

  it("holds in Azure the making of a machine's disk, and its removal where it goes with the machine", () => {
    const nic = { networkInterfaces: [{ id: network("networkInterfaces/burst-0-nic") }] };
    const put = (deleteOption: string) => ({
      id: MACHINE,
      body: { properties: { networkProfile: nic, storageProfile: { osDisk: { deleteOption } } } },
    });
    const kept = [
      "Microsoft.Compute/disks/write",
      "Microsoft.Compute/virtualMachines/write",
      "Microsoft.Network/networkInterfaces/join/action",
    ];
    assert.deepEqual(needed("azure", "Put", put("Detach")), kept);
    assert.deepEqual(needed("azure", "Put", put("Delete")), ["Microsoft.Compute/disks/delete", ...kept]);
  });
});

describe("the comparison of a suite with its list", () => {
  const written: Permissions = { aws: ["ec2:CreateVpc", "ec2:DeleteVpc"], azure: [], tailscale: ["auth_keys"] };

  it("tells what is not listed and what is no longer asked for, with what to do", () => {
    const faults = comparePermissions("burst", written, { ...written, aws: ["ec2:CreateVpc", "ec2:RunInstances"] });
    assert.match(
      faults[0] ?? "",
      /^aws: ec2:RunInstances was asked for, and docs\/permissions\/burst\.json does not list it: `make permissions` /,
    );
    assert.match(
      faults[1] ?? "",
      /^docs\/permissions\/burst\.json lists aws: ec2:DeleteVpc, and nothing asked for it: `make permissions` /,
    );
    assert.equal(faults.length, 2);
    assert.deepEqual(comparePermissions("burst", written, written), []);
  });

  it("tells of scenarios run alone only what no suite needs", () => {
    assert.deepEqual(findUnlisted({ aws: [], azure: [], tailscale: ["auth_keys"] }, written), []);
    const faults = findUnlisted({ aws: [], azure: ["Microsoft.Compute/disks/read"], tailscale: [] }, written);
    assert.match(faults.join("\n"), /^azure: Microsoft\.Compute\/disks\/read was asked for, and no file in docs\/permissions lists it/);
  });
});
