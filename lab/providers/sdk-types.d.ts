// The bundler makes these modules out of the declarations of the npm packages: see bundle.ts.
declare module "sdk-types:command" {
  const types: Readonly<Record<"localCommand" | "localRun" | "remoteCommand", import("./plugin/property-types").ObjectType>>;
  export default types;
  export const version: string;
}

declare module "sdk-types:tailscale" {
  const types: Readonly<Record<"provider" | "tailnetKey" | "acl", import("./plugin/property-types").ObjectType>>;
  export default types;
  export const version: string;
}
