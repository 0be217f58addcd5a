// The bundler makes these modules out of the declarations of the npm packages: see bundle.ts.
declare module "sdk-types:command" {
  const types: Readonly<Record<"localCommand" | "localRun", import("./plugin/property-types").ObjectType>>;
  export default types;
  export const version: string;
}

declare module "sdk-types:tailscale" {
  const types: Readonly<Record<"provider" | "tailnetKey" | "service", import("./plugin/property-types").ObjectType>>;
  export default types;
  export const version: string;
}

declare module "sdk-types:aws" {
  type Resource =
    | "vpc"
    | "subnet"
    | "internetGateway"
    | "routeTable"
    | "route"
    | "routeTableAssociation"
    | "securityGroup"
    | "instance"
    | "eip"
    | "tag"
    | "natGateway";
  type Function = "getParameter" | "getSubnet" | "getRouteTable" | "getVpnGateway";
  const types: Readonly<Record<Resource | Function, import("./plugin/property-types").ObjectType>>;
  export default types;
  export const version: string;
}

declare module "sdk-types:azure-native" {
  type Resource =
    | "resourceGroup"
    | "virtualNetwork"
    | "subnet"
    | "networkSecurityGroup"
    | "networkInterface"
    | "publicIPAddress"
    | "natGateway"
    | "virtualMachine";
  const types: Readonly<Record<Resource | "getSubnet" | "getVirtualMachine", import("./plugin/property-types").ObjectType>>;
  export default types;
  export const version: string;
}

declare module "sdk-types:tls" {
  const types: Readonly<Record<"privateKey", import("./plugin/property-types").ObjectType>>;
  export default types;
  export const version: string;
}
