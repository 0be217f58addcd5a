import type { ResourceEntry } from "./azure-project";
import { networkId, subnetId } from "./azure-fixture";

export const PLACE = { resourceGroupName: "edge", location: "westeurope" };
export const SUBNET = { resourceGroupName: "edge", virtualNetworkName: "net", subnetName: "private" };
export const ADDRESS = { ...PLACE, publicIpAddressName: "out", sku: { name: "Standard" }, publicIPAllocationMethod: "Static" };

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

export const GROUP_ENTRY: ResourceEntry = ["group", "resources:ResourceGroup", { resourceGroupName: "edge", location: "westeurope" }];
export const NETWORK: readonly ResourceEntry[] = [
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

export const machine = (vmSize: string, text = "#cloud-config\n"): ResourceEntry => [
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
export const ALL = [...NETWORK, machine("Standard_D2s_v5")];
