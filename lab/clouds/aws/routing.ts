import { type CloudAction, CloudError } from "../contract";
import { parseCidr } from "./cidr";
import { select, toTags } from "./describe";
import { type Parameters, action } from "./parameters";
import { hasDependencies, invalidValue, missing } from "./refusals";
import { type Route, type RouteTable, type RegionState, find, newId } from "./region-state";

const ROUTE = ["RouteTableId", "DestinationCidrBlock", "GatewayId", "NatGatewayId"];

/** https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html */
export function routingActions(stateOf: (region: string) => RegionState): Record<string, CloudAction> {
  return {
    CreateRouteTable: action(["VpcId", "TagSpecifications"], stateOf, (state, parameters) => {
      const vpc = find(state, "vpcs", parameters.text("VpcId"));
      const routes = [{ destination: vpc.cidr, gatewayId: "local" }];
      const table: RouteTable = {
        ...{ id: newId("rtb"), vpcId: vpc.id, isMain: false, routes, associations: [] },
        tags: parameters.tagsFor("route-table"),
      };
      state.routeTables.set(table.id, table);
      return { RouteTable: renderTable(table) };
    }),
    DescribeRouteTables: action(["RouteTableIds", "Filters"], stateOf, (state, parameters) => ({
      RouteTables: select(state, "routeTables", parameters.texts("RouteTableIds"), parameters, {
        "route-table-id": ({ id }) => [id],
        "vpc-id": ({ vpcId }) => [vpcId],
        "association.main": ({ isMain }) => [String(isMain)],
        "association.subnet-id": ({ associations }) => associations.map(({ subnetId }) => subnetId),
        "association.route-table-association-id": ({ associations }) => associations.map(({ id }) => id),
      }).map(renderTable),
    })),
    DeleteRouteTable: action(["RouteTableId"], stateOf, (state, parameters) => {
      const { id, isMain, associations } = find(state, "routeTables", parameters.text("RouteTableId"));
      if (isMain || associations.length > 0) throw hasDependencies("routeTable", id);
      state.routeTables.delete(id);
      return {};
    }),
    CreateRoute: action(ROUTE, stateOf, (state, parameters) => {
      const table = find(state, "routeTables", parameters.text("RouteTableId"));
      const route = readRoute(state, table, parameters);
      if (table.routes.some(({ destination }) => destination === route.destination)) {
        throw new CloudError("RouteAlreadyExists", `The route identified by ${route.destination} already exists.`);
      }
      table.routes = [...table.routes, route];
      return { Return: true };
    }),
    ReplaceRoute: action(ROUTE, stateOf, (state, parameters) => {
      const table = find(state, "routeTables", parameters.text("RouteTableId"));
      const route = readRoute(state, table, parameters);
      table.routes = [...without(table, route.destination), route];
      return {};
    }),
    DeleteRoute: action(["RouteTableId", "DestinationCidrBlock"], stateOf, (state, parameters) => {
      const table = find(state, "routeTables", parameters.text("RouteTableId"));
      table.routes = without(table, parameters.text("DestinationCidrBlock"));
      return {};
    }),
    AssociateRouteTable: action(["RouteTableId", "SubnetId"], stateOf, (state, parameters) => {
      const table = find(state, "routeTables", parameters.text("RouteTableId"));
      const subnet = find(state, "subnets", parameters.text("SubnetId"));
      if (subnet.vpcId !== table.vpcId) {
        throw new CloudError("InvalidParameterValue", `Route table ${table.id} and subnet ${subnet.id} belong to different networks`);
      }
      const others = [...state.routeTables.values()].flatMap(({ associations }) => associations);
      if (others.some(({ subnetId }) => subnetId === subnet.id)) {
        throw new CloudError(
          "Resource.AlreadyAssociated",
          "the specified association for route table conflicts with an existing association",
        );
      }
      const association = { id: newId("rtbassoc"), subnetId: subnet.id };
      table.associations = [...table.associations, association];
      return { AssociationId: association.id, AssociationState: { State: "associated" } };
    }),
    DisassociateRouteTable: action(["AssociationId"], stateOf, (state, parameters) => {
      const wanted = parameters.text("AssociationId");
      const table = [...state.routeTables.values()].find(({ associations }) => associations.some(({ id }) => id === wanted));
      if (table === undefined) {
        throw new CloudError("InvalidAssociationID.NotFound", `The association ID '${wanted}' does not exist`);
      }
      table.associations = table.associations.filter(({ id }) => id !== wanted);
      return {};
    }),
  };
}

function readRoute(state: RegionState, table: RouteTable, parameters: Parameters): Route {
  const destination = parameters.text("DestinationCidrBlock");
  if (parseCidr(destination) === undefined) throw invalidValue("destinationCidrBlock", destination, "This is not a valid CIDR block.");
  const gatewayId = parameters.optionalText("GatewayId");
  if (gatewayId !== undefined) {
    const gateway = find(state, "gateways", gatewayId);
    if (gateway.vpcId !== table.vpcId) {
      throw new CloudError(
        "InvalidParameterValue",
        `route table ${table.id} and network gateway ${gatewayId} belong to different networks`,
      );
    }
    return { destination, gatewayId };
  }
  const natGatewayId = parameters.optionalText("NatGatewayId");
  if (natGatewayId === undefined) throw missing("GatewayId");
  const nat = find(state, "natGateways", natGatewayId);
  if (nat.state === "deleted" || nat.vpcId !== table.vpcId) {
    throw new CloudError("InvalidNatGatewayID.NotFound", `The natGateway ID '${natGatewayId}' does not exist`);
  }
  return { destination, natGatewayId };
}

function without(table: RouteTable, destination: string): readonly Route[] {
  if (!table.routes.some((route) => route.destination === destination)) {
    throw new CloudError("InvalidRoute.NotFound", `no route with destination-cidr-block ${destination} in route table ${table.id}`);
  }
  return table.routes.filter((route) => route.destination !== destination);
}

const renderTable = ({ id, vpcId, isMain, routes, associations, tags }: RouteTable) => ({
  RouteTableId: id,
  VpcId: vpcId,
  Routes: routes.map(({ destination, gatewayId, natGatewayId }) => ({
    DestinationCidrBlock: destination,
    ...(gatewayId === undefined ? {} : { GatewayId: gatewayId }),
    ...(natGatewayId === undefined ? {} : { NatGatewayId: natGatewayId }),
    State: "active",
    Origin: gatewayId === "local" ? "CreateRouteTable" : "CreateRoute",
  })),
  Associations: [
    ...(isMain ? [{ Main: true, RouteTableId: id, RouteTableAssociationId: `rtbassoc-${id.slice(4)}` }] : []),
    ...associations.map((association) => ({
      Main: false,
      RouteTableId: id,
      RouteTableAssociationId: association.id,
      SubnetId: association.subnetId,
    })),
  ],
  Tags: toTags(tags),
});
