import type { ObjectType } from "../plugin/property-types";
import { type Properties, type Value, isList, isProperties } from "../plugin/property-values";
import type { AwsResource } from "./aws-resource";
import { allOf, unsupported } from "./check";
import { type Ec2, during, unlessNotFound } from "./ec2";
import { type ApiTag, fromApi } from "./tags";
import { deleteWhenFree } from "./wait";

export interface ApiRouteTable {
  readonly RouteTableId: string;
  readonly VpcId: string;
  readonly Routes: readonly {
    readonly DestinationCidrBlock: string;
    readonly GatewayId?: string;
    readonly NatGatewayId?: string;
    readonly State: string;
  }[];
  readonly Associations: readonly {
    readonly Main: boolean;
    readonly RouteTableAssociationId: string;
    readonly SubnetId?: string;
  }[];
  readonly Tags: readonly ApiTag[];
}

const KNOWN = ["cidrBlock", "gatewayId", "natGatewayId"];

const routesOf = ({ routes }: Properties): readonly Properties[] => (isList(routes) ? routes.filter(isProperties) : []);

async function createRoute(ec2: Ec2, id: string, route: Properties): Promise<void> {
  const parameters = { DestinationCidrBlock: route["cidrBlock"], GatewayId: route["gatewayId"], NatGatewayId: route["natGatewayId"] };
  await during(`creating Route in Route Table (${id})`, () => ec2.call("CreateRoute", { RouteTableId: id, ...parameters }));
}

/** aws:ec2/routeTable:RouteTable with its routes inline (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_route_table.go). */
export const routeTableResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["vpcId"],
  sets: ["routes"],
  drifts: ["routes"],
  computed: ["arn", "ownerId", "routes"],
  check: allOf(unsupported("propagatingVgws"), (inputs) =>
    routesOf(inputs).flatMap((route, index) => {
      const property = `routes[${index}]`;
      const others = Object.keys(route).filter((name) => !KNOWN.includes(name));
      if (others.length > 0) return [{ property, reason: `the stand-in for the aws provider knows no ${others.join(", ")}` }];
      const targets = [route["gatewayId"], route["natGatewayId"]].filter((value) => value !== undefined);
      if (targets.length !== 1) return [{ property, reason: "exactly one of `gateway_id,nat_gateway_id` must be specified" }];
      return route["cidrBlock"] === undefined ? [{ property, reason: "one of `cidr_block,ipv6_cidr_block` must be specified" }] : [];
    }),
  ),
  create: async ({ ec2, inputs, tagsFor }) => {
    const parameters = { VpcId: inputs["vpcId"], ...tagsFor("route-table") };
    const { RouteTable } = await during("creating EC2 Route Table", () =>
      ec2.call<{ RouteTable: ApiRouteTable }>("CreateRouteTable", parameters),
    );
    for (const route of routesOf(inputs)) await createRoute(ec2, RouteTable.RouteTableId, route);
    return RouteTable.RouteTableId;
  },
  update: async ({ ec2, id, olds, inputs, changed }) => {
    if (!changed.includes("routes")) return;
    const [before, after] = [routesOf(olds), routesOf(inputs)];
    const isIn = (list: readonly Properties[], route: Properties): boolean =>
      list.some((other) => KNOWN.every((name) => (other[name] ?? "") === (route[name] ?? "")));
    for (const route of before.filter((one) => !isIn(after, one))) {
      await ec2.call("DeleteRoute", { RouteTableId: id, DestinationCidrBlock: route["cidrBlock"] });
    }
    for (const route of after.filter((one) => !isIn(before, one))) await createRoute(ec2, id, route);
  },
  read: async (id, ec2) => {
    const answer = await unlessNotFound(() =>
      ec2.call<{ RouteTables: readonly ApiRouteTable[] }>("DescribeRouteTables", { RouteTableIds: [id] }),
    );
    const found = answer?.RouteTables[0];
    if (found === undefined) return undefined;
    const arn = `arn:aws:ec2:${ec2.region}:000000000000:route-table/${id}`;
    return { arn, ownerId: "000000000000", vpcId: found.VpcId, routes: inlineRoutes(found), ...fromApi(found.Tags) };
  },
  delete: (id, { ec2, wait }) =>
    during(`deleting EC2 Route Table (${id})`, async () => {
      const answer = await unlessNotFound(() =>
        ec2.call<{ RouteTables: readonly ApiRouteTable[] }>("DescribeRouteTables", { RouteTableIds: [id] }),
      );
      for (const { RouteTableAssociationId, Main } of answer?.RouteTables[0]?.Associations ?? []) {
        if (!Main) await unlessNotFound(() => ec2.call("DisassociateRouteTable", { AssociationId: RouteTableAssociationId }));
      }
      await deleteWhenFree(wait, () => ec2.call("DeleteRouteTable", { RouteTableId: id }));
    }),
});

/** All but the one that keeps the VPC's own addresses inside. */
export const inlineRoutes = ({ Routes }: ApiRouteTable): readonly Value[] =>
  Routes.filter(({ GatewayId }) => GatewayId !== "local").map(({ DestinationCidrBlock, GatewayId = "", NatGatewayId = "" }) => ({
    cidrBlock: DestinationCidrBlock,
    gatewayId: GatewayId,
    natGatewayId: NatGatewayId,
  }));
