import awsRegions from "./aws-regions.json";
import azureRegions from "./azure-regions.json";
import type { Network } from "../config/values/cidr";

export const cloudProviders = ["aws", "azure"] as const;
export type CloudProvider = (typeof cloudProviders)[number];

export interface Region {
  readonly name: string;
  /** ISO 3166, two letters. */
  readonly country: string;
  /** The cloud's own names; empty where the region has none. */
  readonly zones: readonly string[];
  /** Which of the zones an account sees is its own, so none can be taken by default. */
  readonly zonesVary?: boolean;
  /** Open to few; it is accepted, but never proposed. */
  readonly restricted?: boolean;
}

/** Zones that a pool is spread over unless its `zones` says otherwise: the first ones of the region. */
export const defaultZones = 4;

const regionsBy: Readonly<Record<CloudProvider, readonly Region[]>> = { aws: awsRegions.regions, azure: azureRegions.regions };
const placesBy = { aws: placesOf("aws"), azure: placesOf("azure") };

/** Members of the European Union and the further ones of the European Economic Area (https://european-union.europa.eu, https://www.efta.int/eea). */
const euCountries = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");
const furtherEeaCountries = ["IS", "LI", "NO"];

export function regionsOf(provider: CloudProvider): readonly Region[] {
  return regionsBy[provider];
}

export function findRegion(provider: CloudProvider, name: string | undefined): Region | undefined {
  return name === undefined ? undefined : regionsBy[provider][placesBy[provider].get(name) ?? -1];
}

/** All that a rule on places may call a region; the first one is what nodes are labelled with. */
export function jurisdictionsOf({ country }: Region): readonly [string, ...string[]] {
  const code = country.toLowerCase();
  if (euCountries.includes(country)) return ["eu", code, "eea"];
  return furtherEeaCountries.includes(country) ? [code, "eea"] : [code];
}

/** Zones that a pool's nodes are spread over. */
export function spreadZones(region: Region, written: readonly string[] | undefined): readonly string[] {
  return written ?? region.zones.slice(0, defaultZones);
}

/** The /20 that a region's network has where the config gives none: 172.16.0.0/13 is AWS's, 172.24.0.0/13 Azure's. */
export function defaultNetwork(provider: CloudProvider, region: string): Network {
  const place = placesBy[provider].get(region);
  if (place === undefined) throw new Error(`${region} is no region of ${provider}: validation should have refused it`);
  const start = provider === "aws" ? 0xac100000 : 0xac180000;
  return { first: start + place * 2 ** 12, prefix: 20 };
}

function placesOf(provider: CloudProvider): ReadonlyMap<string, number> {
  return new Map(regionsBy[provider].map(({ name }, place) => [name, place]));
}
