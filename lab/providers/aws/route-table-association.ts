import type { ObjectType } from "../plugin/property-types";
import { textOf } from "../plugin/property-values";
import type { AwsResource } from "./aws-resource";
import { allOf, unsupported } from "./check";
import { during, unlessNotFound } from "./ec2";
import type { ApiRouteTable } from "./route-table";

/** aws:ec2/routeTableAssociation:RouteTableAssociation (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_route_table_association.go). */
export const routeTableAssociationResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["subnetId", "gatewayId"],
  computed: [],
  check: allOf(unsupported("gatewayId"), ({ subnetId }) =>
    subnetId === undefined ? [{ property: "subnetId", reason: "one of `gateway_id,subnet_id` must be specified" }] : [],
  ),
  create: async ({ ec2, inputs }) => {
    const parameters = { RouteTableId: inputs["routeTableId"], SubnetId: inputs["subnetId"] };
    const doing = `creating Route Table (${textOf(inputs, "routeTableId")}) Association`;
    const { AssociationId } = await during(doing, () => ec2.call<{ AssociationId: string }>("AssociateRouteTable", parameters));
    return AssociationId;
  },
  update: ({ id }) =>
    Promise.reject(new Error(`updating Route Table Association (${id}): moving it to another table is not available in this stand-in`)),
  read: async (id, ec2) => {
    const filter = { Name: "association.route-table-association-id", Values: [id] };
    const { RouteTables } = await ec2.call<{ RouteTables: readonly ApiRouteTable[] }>("DescribeRouteTables", { Filters: [filter] });
    const [table] = RouteTables;
    const association = table?.Associations.find(({ RouteTableAssociationId }) => RouteTableAssociationId === id);
    if (table === undefined || association?.SubnetId === undefined) return undefined;
    return { routeTableId: table.RouteTableId, subnetId: association.SubnetId };
  },
  delete: async (id, { ec2 }) => {
    await during(`deleting Route Table Association (${id})`, () =>
      unlessNotFound(() => ec2.call("DisassociateRouteTable", { AssociationId: id })),
    );
  },
});
