import types, { version } from "sdk-types:aws";
import { textOf } from "../plugin/property-values";
import { serveProvider } from "../plugin/serve-provider";
import { resourceType } from "./aws-resource";
import { getParameter, getRouteTable, getSubnet, getVpnGateway, lookUp } from "./functions";
import { instanceResource } from "./instance";
import { internetGatewayResource } from "./internet-gateway";
import { eipResource, natGatewayResource } from "./nat-gateway";
import { routeResource } from "./route";
import { routeTableResource } from "./route-table";
import { routeTableAssociationResource } from "./route-table-association";
import { securityGroupResource } from "./security-group";
import { subnetResource } from "./subnet";
import { tagResource } from "./tag";
import { vpcResource } from "./vpc";

let configured = "";

/** The provider's own region, for what names none; a resource's or a call's own comes first. */
function defaultRegion(): string {
  const region = configured || process.env["AWS_REGION"] || process.env["AWS_DEFAULT_REGION"] || "";
  if (region === "") throw new Error("invalid AWS Region: set `region` on the resource, on the provider or in AWS_REGION");
  return region;
}

void serveProvider({
  version,
  checkConfig: () => [],
  configure: (config) => {
    configured = textOf(config, "region");
  },
  resources: {
    "aws:ec2/vpc:Vpc": resourceType(vpcResource(types.vpc), defaultRegion),
    "aws:ec2/subnet:Subnet": resourceType(subnetResource(types.subnet), defaultRegion),
    "aws:ec2/internetGateway:InternetGateway": resourceType(internetGatewayResource(types.internetGateway), defaultRegion),
    "aws:ec2/routeTable:RouteTable": resourceType(routeTableResource(types.routeTable), defaultRegion),
    "aws:ec2/route:Route": resourceType(routeResource(types.route), defaultRegion),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": resourceType(
      routeTableAssociationResource(types.routeTableAssociation),
      defaultRegion,
    ),
    "aws:ec2/securityGroup:SecurityGroup": resourceType(securityGroupResource(types.securityGroup), defaultRegion),
    "aws:ec2/instance:Instance": resourceType(instanceResource(types.instance), defaultRegion),
    "aws:ec2/tag:Tag": resourceType(tagResource(types.tag), defaultRegion),
    "aws:ec2/eip:Eip": resourceType(eipResource(types.eip), defaultRegion),
    "aws:ec2/natGateway:NatGateway": resourceType(natGatewayResource(types.natGateway), defaultRegion),
  },
  functions: {
    "aws:ssm/getParameter:getParameter": lookUp(types.getParameter, defaultRegion, getParameter),
    "aws:ec2/getSubnet:getSubnet": lookUp(types.getSubnet, defaultRegion, getSubnet),
    "aws:ec2/getRouteTable:getRouteTable": lookUp(types.getRouteTable, defaultRegion, getRouteTable),
    "aws:ec2/getVpnGateway:getVpnGateway": lookUp(types.getVpnGateway, defaultRegion, getVpnGateway),
  },
});
