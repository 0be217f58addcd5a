import type { RegionState, Route, Subnet } from "./region-state";

const EVERYWHERE = "0.0.0.0/0";
/** More specific than a default route, and everywhere together. */
const HALVES = ["0.0.0.0/1", "128.0.0.0/1"];

/**
 * Whether what a machine sends leaves its VPC: an internet gateway serves public addresses alone, a NAT gateway all; a subnet that no route
 * table names has its VPC's main one. https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html, .../subnet-route-tables.html
 */
export function hasWayOut(state: RegionState, subnet: Subnet, publicIp: string | undefined): boolean {
  const tables = [...state.routeTables.values()];
  const own = tables.find(({ associations }) => associations.some(({ subnetId }) => subnetId === subnet.id));
  const table = own ?? tables.find(({ vpcId, isMain }) => isMain && vpcId === subnet.vpcId);
  const to = (wanted: string) => table?.routes.find(({ destination }) => destination === wanted);
  return HALVES.map((half) => to(half) ?? to(EVERYWHERE)).every((route) => leadsOut(state, subnet, publicIp, route));
}

function leadsOut(state: RegionState, subnet: Subnet, publicIp: string | undefined, route: Route | undefined): boolean {
  if (route?.gatewayId !== undefined) return publicIp !== undefined && state.gateways.get(route.gatewayId)?.vpcId === subnet.vpcId;
  const nat = state.natGateways.get(route?.natGatewayId ?? "");
  if (nat?.state !== "available" || nat.publicIp === undefined) return false;
  // The NAT gateway's own subnet has to lead out.
  const outside = state.subnets.get(nat.subnetId);
  return outside !== undefined && outside.id !== subnet.id && hasWayOut(state, outside, nat.publicIp);
}
