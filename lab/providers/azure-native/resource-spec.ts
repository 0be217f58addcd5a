import types from "sdk-types:azure-native";
import type { ObjectType } from "../plugin/property-types";

/** How one resource type of the SDK maps to ARM. */
export interface ResourceSpec {
  readonly type: ObjectType;
  /** Inputs that make up the path below the resource group, in its order: `Microsoft.Network/virtualNetworks` -> `virtualNetworkName`. */
  readonly path: readonly (readonly [armType: string, nameInput: string])[];
  /** The default version of azure-native 3, told in each resource's declaration file. */
  readonly apiVersion: string;
  /** Besides the inputs of the path. */
  readonly replaces: readonly string[];
  /** Outputs that no input gives. */
  readonly computed: readonly string[];
  /** Computed fields within the items of a list input, by the name of that list. */
  readonly computedItems?: readonly [list: string, fields: readonly string[]];
  /** A list of resources of their own, which a PUT without it would delete (pulumi/pulumi-azure-native: CONTRIBUTING.md, "Sub-resources"). */
  readonly maintains?: string;
}

const NETWORK_VERSION = "2024-05-01";

/** pulumi/pulumi-azure-native: provider/pkg/gen/replacement.go (forceNewMap). */
const ADDRESS_REPLACES = ["location", "publicIPAddressVersion", "publicIPPrefix", "sku"];

export const RESOURCES: Readonly<Record<string, ResourceSpec>> = {
  "azure-native:resources:ResourceGroup": {
    type: types.resourceGroup,
    path: [],
    apiVersion: "2024-03-01",
    replaces: ["location"],
    computed: ["properties"],
  },
  "azure-native:network:VirtualNetwork": {
    type: types.virtualNetwork,
    path: [["Microsoft.Network/virtualNetworks", "virtualNetworkName"]],
    apiVersion: NETWORK_VERSION,
    replaces: ["location"],
    computed: ["resourceGuid", "subnets"],
    maintains: "subnets",
  },
  "azure-native:network:Subnet": {
    type: types.subnet,
    path: [
      ["Microsoft.Network/virtualNetworks", "virtualNetworkName"],
      ["subnets", "subnetName"],
    ],
    apiVersion: NETWORK_VERSION,
    replaces: [],
    computed: ["ipConfigurations", "ipConfigurationProfiles", "privateEndpoints", "purpose"],
  },
  "azure-native:network:NetworkSecurityGroup": {
    type: types.networkSecurityGroup,
    path: [["Microsoft.Network/networkSecurityGroups", "networkSecurityGroupName"]],
    apiVersion: NETWORK_VERSION,
    replaces: ["location"],
    computed: ["defaultSecurityRules", "networkInterfaces", "subnets", "resourceGuid"],
    maintains: "securityRules",
  },
  "azure-native:network:NetworkInterface": {
    type: types.networkInterface,
    path: [["Microsoft.Network/networkInterfaces", "networkInterfaceName"]],
    apiVersion: NETWORK_VERSION,
    replaces: ["location"],
    computed: ["macAddress", "virtualMachine", "primary", "resourceGuid"],
    computedItems: ["ipConfigurations", ["id", "privateIPAddress", "provisioningState"]],
  },
  "azure-native:network:PublicIPAddress": {
    type: types.publicIPAddress,
    path: [["Microsoft.Network/publicIPAddresses", "publicIpAddressName"]],
    apiVersion: NETWORK_VERSION,
    replaces: ADDRESS_REPLACES,
    computed: ["ipAddress", "ipConfiguration", "resourceGuid"],
  },
  "azure-native:network:NatGateway": {
    type: types.natGateway,
    path: [["Microsoft.Network/natGateways", "natGatewayName"]],
    apiVersion: NETWORK_VERSION,
    replaces: ["location"],
    computed: ["subnets", "resourceGuid"],
  },
  "azure-native:compute:VirtualMachine": {
    type: types.virtualMachine,
    path: [["Microsoft.Compute/virtualMachines", "vmName"]],
    apiVersion: "2024-11-01",
    replaces: ["location"],
    computed: ["vmId", "timeCreated", "instanceView", "resources"],
  },
};

/** The id of the resource that these inputs ask for. */
export function armIdOf(spec: Pick<ResourceSpec, "path">, subscription: string, input: (name: string) => string): string {
  const group = `/subscriptions/${subscription}/resourceGroups/${input("resourceGroupName")}`;
  const below = spec.path.map(([armType, nameInput]) => `/${armType}/${input(nameInput)}`).join("");
  return below === "" ? group : `${group}/providers${below}`;
}

export const pathInputs = (spec: ResourceSpec): readonly string[] => ["resourceGroupName", ...spec.path.map(([, nameInput]) => nameInput)];
