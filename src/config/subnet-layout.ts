import { type Network, sizeOf } from "./cidr";
import { type Region, zonePlaces } from "./regions";

/** Networks that the stack makes are no smaller: a /22 leaves each zone a /25. */
export const networkSizes = { from: 16, to: 22 } as const;

/** An AWS network is cut in eight: a public subnet for each of four zones, then a private one for each. */
const awsCut = 3;
/** An Azure subnet spans the zones: one public, one private. */
const azureCut = 1;

/** Addresses that each cloud keeps in every subnet (AWS and Azure alike: the first four and the last). */
const keptAddresses = 5;

export function awsSubnet(network: Network, region: Region, zone: string, isPublic: boolean): Network {
  return pieceOf(network, awsCut, zonePlace(region, zone) + (isPublic ? 0 : zonePlaces));
}

export function azureSubnet(network: Network, isPublic: boolean): Network {
  return pieceOf(network, azureCut, isPublic ? 0 : 1);
}

/** Machines that fit into one subnet of a network. */
export function subnetCapacity(provider: "aws" | "azure", network: Network): number {
  return sizeOf(network.prefix + (provider === "aws" ? awsCut : azureCut)) - keptAddresses;
}

/** By the region's own list, so that another zone in use moves no subnet; the fifth zone shares the first one's place. */
export function zonePlace(region: Region, zone: string): number {
  const place = region.zones.indexOf(zone);
  if (place < 0) throw new Error(`${zone} is no zone of ${region.name}: validation should have refused it`);
  return place % zonePlaces;
}

function pieceOf(network: Network, cut: number, index: number): Network {
  const prefix = network.prefix + cut;
  return { first: network.first + index * sizeOf(prefix), prefix };
}
