import { createHash } from "node:crypto";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, textOf } from "../plugin/property-values";
import type { AwsResource } from "./aws-resource";
import { allOf } from "./check";
import { during, unlessNotFound } from "./ec2";
import type { ApiRouteTable } from "./route-table";

const KNOWN = ["destinationCidrBlock", "gatewayId", "natGatewayId", "region", "routeTableId"];

const parametersOf = (route: Properties) => ({
  RouteTableId: route["routeTableId"],
  DestinationCidrBlock: route["destinationCidrBlock"],
  GatewayId: route["gatewayId"],
  NatGatewayId: route["natGatewayId"],
});

const nameOf = (route: Properties): string =>
  `Route in Route Table (${textOf(route, "routeTableId")}) with destination (${textOf(route, "destinationCidrBlock")})`;

/** aws:ec2/route:Route, one destination of a table (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_route.go). */
export const routeResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["routeTableId", "destinationCidrBlock"],
  drifts: ["gatewayId", "natGatewayId"],
  computed: ["origin", "state"],
  check: allOf(
    (inputs) =>
      Object.keys(inputs)
        .filter((name) => !KNOWN.includes(name))
        .map((property) => ({ property, reason: `the stand-in for the aws provider knows no ${property}` })),
    ({ destinationCidrBlock }) =>
      destinationCidrBlock === undefined
        ? [{ property: "destinationCidrBlock", reason: "one of `destination_cidr_block,destination_ipv6_cidr_block` must be specified" }]
        : [],
    ({ gatewayId, natGatewayId }) =>
      [gatewayId, natGatewayId].filter((target) => target !== undefined).length === 1
        ? []
        : [{ property: "gatewayId", reason: "exactly one of `gateway_id,nat_gateway_id` must be specified" }],
  ),
  create: async ({ ec2, inputs }) => {
    await during(`creating ${nameOf(inputs)}`, () => ec2.call("CreateRoute", parametersOf(inputs)));
    const digest = createHash("sha256").update(textOf(inputs, "destinationCidrBlock")).digest().readUInt32BE(0);
    return `r-${textOf(inputs, "routeTableId")}${digest}`;
  },
  update: async ({ ec2, inputs }) => {
    await during(`updating ${nameOf(inputs)}`, () => ec2.call("ReplaceRoute", parametersOf(inputs)));
  },
  read: async (_id, ec2, state) => {
    const tableId = textOf(state, "routeTableId");
    const answer = await unlessNotFound(() =>
      ec2.call<{ RouteTables: readonly ApiRouteTable[] }>("DescribeRouteTables", { RouteTableIds: [tableId] }),
    );
    const found = answer?.RouteTables[0]?.Routes.find(({ DestinationCidrBlock }) => DestinationCidrBlock === state["destinationCidrBlock"]);
    if (found === undefined) return undefined;
    const { DestinationCidrBlock, GatewayId, NatGatewayId, State, Origin } = found;
    return {
      ...{ routeTableId: tableId, destinationCidrBlock: DestinationCidrBlock, origin: Origin, state: State },
      ...{ gatewayId: GatewayId ?? "", natGatewayId: NatGatewayId ?? "" },
    };
  },
  delete: async (_id, { ec2, inputs }) => {
    const { RouteTableId, DestinationCidrBlock } = parametersOf(inputs);
    await during(`deleting ${nameOf(inputs)}`, () => unlessNotFound(() => ec2.call("DeleteRoute", { RouteTableId, DestinationCidrBlock })));
  },
});
