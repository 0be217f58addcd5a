import type { ObjectType } from "../plugin/property-types";
import type { Value } from "../plugin/property-values";
import type { AwsResource } from "./aws-resource";
import { unsupported } from "./check";
import { during, unlessNotFound } from "./ec2";
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
    readonly Origin: string;
  }[];
  readonly Associations: readonly {
    readonly Main: boolean;
    readonly RouteTableAssociationId: string;
    readonly SubnetId?: string;
  }[];
  readonly Tags: readonly ApiTag[];
}

/** aws:ec2/routeTable:RouteTable without routes of its own, which are resources beside it (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_route_table.go). */
export const routeTableResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["vpcId"],
  computed: ["arn", "ownerId", "routes"],
  check: unsupported("routes", "propagatingVgws"),
  create: async ({ ec2, inputs, tagsFor }) => {
    const parameters = { VpcId: inputs["vpcId"], ...tagsFor("route-table") };
    const { RouteTable } = await during("creating EC2 Route Table", () =>
      ec2.call<{ RouteTable: ApiRouteTable }>("CreateRouteTable", parameters),
    );
    return RouteTable.RouteTableId;
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
