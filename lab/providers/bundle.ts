import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Plugin, build as bundle } from "esbuild";
import type { ObjectType } from "./plugin/property-types";
import { SdkTypeReader } from "./read-sdk-types";
import { writeSdkTypes } from "./write-sdk-types";

/** Where each shape stands in the declarations of its npm package. */
const SDK_TYPES: Readonly<Record<string, Readonly<Record<string, readonly [file: string, interfaceName: string]>>>> = {
  command: {
    localCommand: ["local/command.d.ts", "CommandArgs"],
    localRun: ["local/run.d.ts", "RunArgs"],
  },
  tailscale: {
    provider: ["provider.d.ts", "ProviderArgs"],
    tailnetKey: ["tailnetKey.d.ts", "TailnetKeyArgs"],
    service: ["service.d.ts", "ServiceArgs"],
  },
  aws: {
    vpc: ["ec2/vpc.d.ts", "VpcArgs"],
    subnet: ["ec2/subnet.d.ts", "SubnetArgs"],
    internetGateway: ["ec2/internetGateway.d.ts", "InternetGatewayArgs"],
    routeTable: ["ec2/routeTable.d.ts", "RouteTableArgs"],
    route: ["ec2/route.d.ts", "RouteArgs"],
    routeTableAssociation: ["ec2/routeTableAssociation.d.ts", "RouteTableAssociationArgs"],
    securityGroup: ["ec2/securityGroup.d.ts", "SecurityGroupArgs"],
    instance: ["ec2/instance.d.ts", "InstanceArgs"],
    eip: ["ec2/eip.d.ts", "EipArgs"],
    tag: ["ec2/tag.d.ts", "TagArgs"],
    natGateway: ["ec2/natGateway.d.ts", "NatGatewayArgs"],
    getParameter: ["ssm/getParameter.d.ts", "GetParameterArgs"],
    getSubnet: ["ec2/getSubnet.d.ts", "GetSubnetArgs"],
    getRouteTable: ["ec2/getRouteTable.d.ts", "GetRouteTableArgs"],
    getVpnGateway: ["ec2/getVpnGateway.d.ts", "GetVpnGatewayArgs"],
  },
  "azure-native": {
    resourceGroup: ["resources/resourceGroup.d.ts", "ResourceGroupArgs"],
    virtualNetwork: ["network/virtualNetwork.d.ts", "VirtualNetworkArgs"],
    subnet: ["network/subnet.d.ts", "SubnetArgs"],
    networkSecurityGroup: ["network/networkSecurityGroup.d.ts", "NetworkSecurityGroupArgs"],
    networkInterface: ["network/networkInterface.d.ts", "NetworkInterfaceArgs"],
    publicIPAddress: ["network/publicIPAddress.d.ts", "PublicIPAddressArgs"],
    natGateway: ["network/natGateway.d.ts", "NatGatewayArgs"],
    virtualMachine: ["compute/virtualMachine.d.ts", "VirtualMachineArgs"],
    getSubnet: ["network/getSubnet.d.ts", "GetSubnetArgs"],
    getVirtualMachine: ["compute/getVirtualMachine.d.ts", "GetVirtualMachineArgs"],
  },
  tls: {
    privateKey: ["privateKey.d.ts", "PrivateKeyArgs"],
  },
};

/** One JavaScript text for each plugin's entry file: as a single file it starts in half the time that its modules would take one by one. */
export async function bundlePlugin(entry: string): Promise<string> {
  const { outputFiles } = await bundle({
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // Its main file requires the others in a way that no bundler follows.
    alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
    // Optional accelerators of ssh2, which does without.
    external: ["cpu-features", "*.node"],
    plugins: [sdkTypes],
    logLevel: "error",
  });
  return outputFiles.map(({ text }) => text).join("");
}

const sdkTypes: Plugin = {
  name: "sdk-types",
  setup(build) {
    build.onResolve({ filter: /^sdk-types:/ }, ({ path }) => ({ path: path.slice("sdk-types:".length), namespace: "sdk-types" }));
    build.onLoad({ filter: /.*/, namespace: "sdk-types" }, ({ path }) => ({ contents: sdkTypesModule(path), loader: "js" }));
  },
};

export function sdkTypesModule(sdk: string): string {
  const packageDir = dirname(require.resolve(`@pulumi/${sdk}/package.json`));
  const reader = new SdkTypeReader(packageDir);
  const types = Object.entries(SDK_TYPES[sdk] ?? {}).map(([name, [file, interfaceName]]): [string, ObjectType] => [
    name,
    reader.read(file, interfaceName),
  ]);
  const { version } = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as { version: string };
  return `${writeSdkTypes(Object.fromEntries(types))}export const version = ${JSON.stringify(version)};\n`;
}
