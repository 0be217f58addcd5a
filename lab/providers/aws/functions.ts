import { checkProperties } from "../plugin/check-properties";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, type Value, isList, isProperties, textOf } from "../plugin/property-values";
import type { ProviderFunction } from "../plugin/provider";
import { ApiError, Ec2, unlessNotFound } from "./ec2";
import { type ApiRouteTable, inlineRoutes } from "./route-table";
import type { ApiSubnet } from "./subnet";
import { fromApi } from "./tags";

type Look = (args: Properties, ec2: Ec2) => Promise<Properties>;

export const lookUp = (type: ObjectType, defaultRegion: () => string, look: Look): ProviderFunction => ({
  check: (args) => checkProperties(args, type),
  call: async (args) => {
    const ec2 = new Ec2(textOf(args, "region") || defaultRegion());
    return { ...args, ...(await look(args, ec2)), region: ec2.region };
  },
});

/** aws:ssm/getParameter:getParameter (hashicorp/terraform-provider-aws: internal/service/ssm/parameter_data_source.go). */
export const getParameter: Look = async (args, ec2) => {
  const name = textOf(args, "name");
  type Answer = { Parameter: { Name: string; Value: string; Version: number; Type: string; ARN: string } };
  try {
    const parameters = { Name: name, WithDecryption: args["withDecryption"] ?? true };
    const { Parameter } = await ec2.call<Answer>("GetParameter", parameters, "SSM");
    const { Value, Version, Type, ARN } = Parameter;
    return { id: name, arn: ARN, name, type: Type, value: Value, insecureValue: Value, version: Version };
  } catch (error) {
    const isAbsent = error instanceof ApiError && error.code === "ParameterNotFound";
    throw new Error(`reading SSM Parameter (${name}): ${isAbsent ? "couldn't find resource" : (error as Error).message}`, { cause: error });
  }
};

/** aws:ec2/getSubnet:getSubnet (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_subnet_data_source.go). */
export const getSubnet: Look = async (args, ec2) => {
  const ids = textOf(args, "id") === "" ? {} : { SubnetIds: [textOf(args, "id")] };
  const filters = filtersOf(args, { vpcId: "vpc-id", availabilityZone: "availability-zone", cidrBlock: "cidr-block" });
  const answer = await unlessNotFound(() => ec2.call<{ Subnets: readonly ApiSubnet[] }>("DescribeSubnets", { ...ids, ...filters }));
  const subnet = only(answer?.Subnets ?? [], "EC2 Subnet");
  const { tags = {} } = fromApi(subnet.Tags);
  return {
    id: subnet.SubnetId,
    arn: `arn:aws:ec2:${ec2.region}:000000000000:subnet/${subnet.SubnetId}`,
    vpcId: subnet.VpcId,
    cidrBlock: subnet.CidrBlock,
    availabilityZone: subnet.AvailabilityZone,
    mapPublicIpOnLaunch: subnet.MapPublicIpOnLaunch,
    availableIpAddressCount: subnet.AvailableIpAddressCount,
    defaultForAz: false,
    state: subnet.State,
    ownerId: "000000000000",
    tags,
  };
};

/** What this EC2 has no routes by, or to: empty, as the provider tells of everything that a route does not have. */
const OTHER_ROUTE_FIELDS = Object.fromEntries(
  [
    ...["carrierGatewayId", "coreNetworkArn", "destinationPrefixListId", "egressOnlyGatewayId", "instanceId", "ipv6CidrBlock"],
    ...["localGatewayId", "networkInterfaceId", "transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId"],
  ].map((name) => [name, ""]),
);

/** aws:ec2/getRouteTable:getRouteTable; a subnet that the main table serves without saying so finds none (.../vpc_route_table_data_source.go). */
export const getRouteTable: Look = async (args, ec2) => {
  const names = { vpcId: "vpc-id", subnetId: "association.subnet-id", routeTableId: "route-table-id" };
  const filters = filtersOf(args, names);
  const { RouteTables } = await ec2.call<{ RouteTables: readonly ApiRouteTable[] }>("DescribeRouteTables", filters);
  if (RouteTables.length === 0) throw new Error("query returned no results. Please change your search criteria and try again");
  const table = only(RouteTables, "Route Table");
  const { tags = {} } = fromApi(table.Tags);
  return {
    id: table.RouteTableId,
    arn: `arn:aws:ec2:${ec2.region}:000000000000:route-table/${table.RouteTableId}`,
    routeTableId: table.RouteTableId,
    vpcId: table.VpcId,
    ownerId: "000000000000",
    routes: inlineRoutes(table)
      .filter(isProperties)
      .map((route) => ({ ...OTHER_ROUTE_FIELDS, ...route })),
    associations: table.Associations.map(({ Main, RouteTableAssociationId, SubnetId = "" }) => ({
      main: Main,
      routeTableAssociationId: RouteTableAssociationId,
      routeTableId: table.RouteTableId,
      subnetId: SubnetId,
      gatewayId: "",
    })),
    tags,
  };
};

/** aws:ec2/getVpnGateway:getVpnGateway (.../vpnsite_gateway_data_source.go); this EC2 has none. */
export const getVpnGateway: Look = async (args, ec2) => {
  const vpcId = textOf(args, "attachedVpcId");
  const attached = vpcId === "" ? [] : [{ name: "attachment.state", values: ["attached"] }];
  const filters = filtersOf({ ...args, filters: [...attached, ...listOf(args["filters"])] }, { attachedVpcId: "attachment.vpc-id" });
  const { VpnGateways } = await ec2.call<{ VpnGateways: readonly { readonly VpnGatewayId: string }[] }>("DescribeVpnGateways", filters);
  const { VpnGatewayId } = only(VpnGateways, "EC2 VPN Gateway");
  return { id: VpnGatewayId, attachedVpcId: vpcId };
};

function filtersOf(args: Properties, names: Readonly<Record<string, string>>): Properties {
  const given = Object.entries(names).flatMap(([name, filter]) => {
    const value = textOf(args, name);
    return value === "" ? [] : [{ Name: filter, Values: [value] }];
  });
  const tags = args["tags"];
  const byTag = isProperties(tags) ? Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] as Value[] })) : [];
  const own = listOf(args["filters"]);
  const byFilter = own.map(({ name = "", values = [] }) => ({ Name: name, Values: values }));
  const all = [...given, ...byTag, ...byFilter];
  return all.length === 0 ? {} : { Filters: all };
}

const listOf = (value: Value | undefined): readonly Properties[] => (isList(value) ? value.filter(isProperties) : []);

function only<T>(found: readonly T[], what: string): T {
  const [first, ...others] = found;
  if (first === undefined) throw new Error(`no matching ${what} found`);
  if (others.length === 0) return first;
  throw new Error(`multiple ${what}s matched; use additional constraints to reduce matches to a single ${what}`);
}
