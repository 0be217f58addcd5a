import { type Network, sizeOf } from "../config/values/cidr";
import { defaultZones, type Region } from "./regions";

/** Networks that the stack makes are no smaller: a /22 leaves each zone a /25, and a /26 where a region has more than four. */
export const networkSizes = { from: 16, to: 22 } as const;

/** An AWS network is cut in eight: a public subnet for each of four zones, then a private one for each. */
const awsCut = 3;
const wholePlaces = defaultZones;
/**
 * Eight eighths are all there is, so a fifth zone takes its place from others: in a region with more than four, the private half is cut in
 * eight once more, a private subnet for each of six zones, then a public one for the fifth and the sixth. The public four keep their places.
 */
const furtherCut = awsCut + 1;
const privateFrom = 8;
const furtherPublicFrom = 14;
/** An Azure subnet spans the zones: one public, one private. */
const azureCut = 1;

/** Addresses that each cloud keeps in every subnet (AWS and Azure alike: the first four and the last). */
const keptAddresses = 5;

export function awsSubnet(network: Network, region: Region, zone: string, isPublic: boolean): Network {
  const place = zonePlace(region, zone);
  if (region.zones.length <= wholePlaces) return pieceOf(network, awsCut, place + (isPublic ? 0 : wholePlaces));
  if (!isPublic) return pieceOf(network, furtherCut, privateFrom + place);
  return place < wholePlaces ? pieceOf(network, awsCut, place) : pieceOf(network, furtherCut, furtherPublicFrom + place - wholePlaces);
}

export function azureSubnet(network: Network, isPublic: boolean): Network {
  return pieceOf(network, azureCut, isPublic ? 0 : 1);
}

/** Machines that fit into a subnet. */
export function subnetCapacity(subnet: Network): number {
  return sizeOf(subnet.prefix) - keptAddresses;
}

/** By the region's own list, so that another zone in use moves no subnet. */
export function zonePlace(region: Region, zone: string): number {
  const place = region.zones.indexOf(zone);
  if (place < 0) throw new Error(`${zone} is no zone of ${region.name}: validation should have refused it`);
  return place;
}

function pieceOf(network: Network, cut: number, index: number): Network {
  const prefix = network.prefix + cut;
  return { first: network.first + index * sizeOf(prefix), prefix };
}
