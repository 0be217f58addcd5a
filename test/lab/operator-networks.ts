import type { Lab } from "../../lab/lab";
import { waitUntil } from "../../lab/hosts/wait-until";

export const OPERATOR_REGIONS = { aws: "eu-west-1", azure: "westeurope" } as const;
const SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/operators-own`;
const NETWORKS = `${GROUP}/providers/Microsoft.Network`;
const [VNET, AZURE_NAT, AZURE_ADDRESS] = [
  `${NETWORKS}/virtualNetworks/hub`,
  `${NETWORKS}/natGateways/hub`,
  `${NETWORKS}/publicIPAddresses/hub`,
];
const ANYWHERE = "0.0.0.0/0";

type Answer = Readonly<Record<string, unknown>>;
type Call = (action: string, parameters?: Answer) => Promise<Answer>;

/** A VPC and a VNet that stand before the stack does, made over the clouds' own APIs; with a way out once `open` has made one. */
export interface OperatorNetworks {
  readonly vpcId: string;
  /** Of the first no route leads out; the second sends all to the internet gateway. */
  readonly subnetIds: readonly [string, string];
  readonly subnetId: string;
  /** Gives the nodes' subnets NAT gateways. */
  open(): Promise<void>;
  /** All that is in them as the clouds tell it, save what they count of the machines inside. */
  look(): Promise<unknown>;
  remove(): Promise<void>;
}

export async function makeOperatorNetworks(lab: Lab): Promise<OperatorNetworks> {
  const ec2: Call = async (action, parameters = {}) =>
    (await lab.clouds.call("aws", action, { region: OPERATOR_REGIONS.aws, ...parameters })) as Answer;
  const arm: Call = async (action, parameters = {}) =>
    (await lab.clouds.call("azure", action, { region: "global", ...parameters })) as Answer;
  const [vpc, vnet] = [await makeVpc(ec2), await makeVnet(arm)];
  return {
    ...{ vpcId: vpc.vpcId, subnetIds: vpc.subnetIds, subnetId: vnet.subnetId },
    open: async () => {
      await Promise.all([vpc.open(), vnet.open()]);
    },
    look: async () => [await vpc.look(), await vnet.look()],
    remove: async () => {
      await Promise.all([vpc.remove(), vnet.remove()]);
    },
  };
}

async function makeVpc(ec2: Call) {
  const idOf = async (action: string, parameters: Answer, ...path: readonly string[]): Promise<string> =>
    path.reduce<unknown>((inner, name) => (inner as Answer)[name], await ec2(action, parameters)) as string;
  const vpcId = await idOf("CreateVpc", { CidrBlock: "172.20.0.0/16" }, "Vpc", "VpcId");
  const subnet = (CidrBlock: string) => idOf("CreateSubnet", { VpcId: vpcId, CidrBlock }, "Subnet", "SubnetId");
  const [first, second, edge] = [await subnet("172.20.1.0/24"), await subnet("172.20.2.0/24"), await subnet("172.20.0.0/24")];
  const gateway = await idOf("CreateInternetGateway", {}, "InternetGateway", "InternetGatewayId");
  await ec2("AttachInternetGateway", { InternetGatewayId: gateway, VpcId: vpcId });
  const route = async (target: Answer): Promise<string> => {
    const table = await idOf("CreateRouteTable", { VpcId: vpcId }, "RouteTable", "RouteTableId");
    await ec2("CreateRoute", { RouteTableId: table, DestinationCidrBlock: ANYWHERE, ...target });
    return table;
  };
  const associate = (RouteTableId: string, SubnetId: string) => idOf("AssociateRouteTable", { RouteTableId, SubnetId }, "AssociationId");
  const outward = await route({ GatewayId: gateway });
  await associate(outward, edge);
  const wrong = await associate(outward, second);
  let tables = [outward];
  let nat: { readonly id: string; readonly address: string } | undefined;
  const natState = async (id: string) => {
    const { NatGateways } = (await ec2("DescribeNatGateways", { NatGatewayIds: [id] })) as { NatGateways: { State: string }[] };
    return NatGateways[0]?.State;
  };

  return {
    vpcId,
    subnetIds: [first, second] as const,
    open: async () => {
      const address = await idOf("AllocateAddress", { Domain: "vpc" }, "AllocationId");
      const id = await idOf("CreateNatGateway", { SubnetId: edge, AllocationId: address }, "NatGateway", "NatGatewayId");
      nat = { id, address };
      await waitUntil("the NAT gateway is available", async () => (await natState(id)) === "available", { timeoutMs: 10_000 });
      const inward = await route({ NatGatewayId: id });
      tables = [outward, inward];
      await ec2("DisassociateRouteTable", { AssociationId: wrong });
      for (const id of [first, second]) await associate(inward, id);
    },
    look: async () => {
      const kinds = ["Vpcs", "Subnets", "RouteTables", "InternetGateways", "NatGateways", "Addresses"];
      const all = await Promise.all(kinds.map((kind) => ec2(`Describe${kind}`)));
      return without(all, "AvailableIpAddressCount");
    },
    remove: async () => {
      if (nat !== undefined) {
        const { id, address } = nat;
        await ec2("DeleteNatGateway", { NatGatewayId: id });
        await waitUntil("the NAT gateway is deleted", async () => (await natState(id)) === "deleted", { timeoutMs: 10_000 });
        await ec2("ReleaseAddress", { AllocationId: address });
      }
      for (const SubnetId of [first, second, edge]) await ec2("DeleteSubnet", { SubnetId });
      for (const RouteTableId of tables) await ec2("DeleteRouteTable", { RouteTableId });
      await ec2("DetachInternetGateway", { InternetGatewayId: gateway, VpcId: vpcId });
      await ec2("DeleteInternetGateway", { InternetGatewayId: gateway });
      await ec2("DeleteVpc", { VpcId: vpcId });
    },
  };
}

async function makeVnet(arm: Call) {
  const finish = async ({ operation }: Answer): Promise<void> => {
    const status = async () => (await arm("Operation", { id: operation }))["status"];
    await waitUntil("Azure ends its work", async () => (await status()) !== "InProgress", { timeoutMs: 10_000 });
    if ((await status()) !== "Succeeded") throw new Error(`Azure: ${JSON.stringify(await arm("Operation", { id: operation }))}`);
  };
  const put = async (id: string, body: Answer): Promise<void> => finish(await arm("Put", { id, body }));
  const place = { location: OPERATOR_REGIONS.azure };
  const subnetId = `${VNET}/subnets/nodes`;
  const subnet = { addressPrefix: "172.30.1.0/24", defaultOutboundAccess: false };
  await put(GROUP, place);
  await put(VNET, { ...place, properties: { addressSpace: { addressPrefixes: ["172.30.0.0/16"] } } });
  await put(subnetId, { properties: subnet });
  return {
    subnetId,
    open: async () => {
      const sku = { name: "Standard" };
      await put(AZURE_ADDRESS, { ...place, sku, properties: { publicIPAllocationMethod: "Static" } });
      await put(AZURE_NAT, { ...place, sku, properties: { publicIpAddresses: [{ id: AZURE_ADDRESS }] } });
      await put(subnetId, { properties: { ...subnet, natGateway: { id: AZURE_NAT } } });
    },
    look: async () => {
      const all = await Promise.all([GROUP, VNET, subnetId, AZURE_NAT, AZURE_ADDRESS].map((id) => arm("Get", { id })));
      return without(all, "ipConfigurations");
    },
    remove: async () => finish(await arm("Delete", { id: GROUP })),
  };
}

/** The same without the properties of this name, however deep. */
const without = (value: unknown, name: string): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === name ? undefined : inner)));
