import { cloudPoolsOf, isExisting, networksOf, type PlacedCloudPool } from "../cloud-pools";
import { type ConfigIssue, listOf, quote } from "../config-issue";
import type { CloudPoolDraft, ConfigDraft } from "../draft";
import { nearestAmong } from "../nearest";
import { type CloudProvider, cloudProviders, findRegion, jurisdictionsOf, type Region, regionsOf } from "../../catalog/regions";

/** Partitions of AWS and clouds of Azure beside the commercial ones; each wants accounts of its own. */
const elsewhere: Readonly<Record<CloudProvider, RegExp>> = { aws: /^(us-gov|us-iso|cn|eusc|eu-iso)/, azure: /^(usgov|usdod|china)/ };
const exampleRegions: Readonly<Record<CloudProvider, string>> = { aws: "eu-central-1", azure: "westeurope" };
const shownRegions = 8;

/** Where cloud pools stand: region, zones, jurisdiction. */
export function validateRegions(draft: ConfigDraft): readonly ConfigIssue[] {
  return [
    ...cloudPoolsOf(draft).flatMap((placed) => [
      ...validateRegionName(placed.provider, placed.pool.region, placed.at("region")),
      ...validateJurisdiction(placed, draft),
      ...validateZones(placed, draft),
    ]),
    ...cloudProviders.flatMap((provider) =>
      networksOf(draft)
        .filter((placed) => placed.provider === provider && placed.written !== undefined)
        .flatMap(({ region, at }) => validateRegionName(provider, region, at())),
    ),
  ];
}

function validateRegionName(provider: CloudProvider, name: string | undefined, path: string): ConfigIssue[] {
  if (name === undefined || findRegion(provider, name) !== undefined) return [];
  const example = exampleRegions[provider];
  if (elsewhere[provider].test(name)) {
    const problem = `${quote(name)} is in a part of ${provider} that needs accounts of its own, and is not available yet`;
    return [{ path, problem, remedy: `Take a commercial region, for example ${example}.` }];
  }
  const other = cloudProviders.find((candidate) => candidate !== provider && findRegion(candidate, name) !== undefined);
  if (other !== undefined)
    return [{ path, problem: `${quote(name)} is a region of ${other}`, remedy: `Take one of ${provider}, for example ${example}.` }];
  const names = regionsOf(provider).map((region) => region.name);
  const meant = nearestAmong(name, names);
  const remedy = meant === undefined ? `Take one of ${names.join(", ")}.` : `Did you mean ${meant}?`;
  return [{ path, problem: `${quote(name)} is no region of ${provider} that is known`, remedy }];
}

function validateJurisdiction({ provider, region, at }: PlacedCloudPool, { cluster }: ConfigDraft): ConfigIssue[] {
  const allowed = cluster?.allowedJurisdictions;
  if (region === undefined || allowed === undefined || allowed.length === 0 || isWithin(region, allowed)) return [];
  const within = listOf(allowed.map(quote));
  const fitting = regionsOf(provider)
    .filter((candidate) => candidate.restricted !== true && isWithin(candidate, allowed))
    .map(({ name }) => name);
  return [
    {
      path: at("region"),
      problem: `${quote(region.name)} is in ${listOf(jurisdictionsOf(region).map(quote), "and")}, none of it among cluster.allowedJurisdictions`,
      remedy: `${whatWouldDo(provider, fitting, within)}, or change cluster.allowedJurisdictions.`,
    },
  ];
}

function isWithin(region: Region, allowed: readonly (string | undefined)[]): boolean {
  return jurisdictionsOf(region).some((jurisdiction) => allowed.includes(jurisdiction));
}

function whatWouldDo(provider: CloudProvider, fitting: readonly string[], within: string): string {
  if (fitting.length === 0) return `No region of ${provider} is within ${within}: remove the pool`;
  return fitting.length === 1 ? `Take ${fitting.join("")}` : `Within ${within} are ${shortened(fitting)}; take one of them`;
}

function shortened(names: readonly string[]): string {
  if (names.length <= shownRegions) return listOf(names, "and");
  return `${names.slice(0, shownRegions).join(", ")} and ${names.length - shownRegions} more`;
}

function validateZones(placed: PlacedCloudPool, draft: ConfigDraft): ConfigIssue[] {
  const { pool, region, at } = placed;
  const path = at("zones");
  if (region === undefined) return [];
  if (isPlacedBySubnets(placed, draft)) {
    if (pool.zones === undefined) return [];
    const problem = `is decided by the subnets in networks.aws.${region.name}.subnetIds`;
    return [{ path, problem, remedy: "Remove it, and name the subnets of the zones that you want." }];
  }
  if (pool.zones === undefined) return region.zonesVary === true ? [zonesOfTheAccount(region, path)] : [];
  if (pool.zones.length === 0) return [{ path, problem: "is empty", remedy: "Name zones, or remove it for those of the region." }];
  return validateEachZone(pool, region, at);
}

function validateEachZone(pool: CloudPoolDraft, region: Region, at: PlacedCloudPool["at"]): ConfigIssue[] {
  const zones = pool.zones ?? [];
  return zones.flatMap((zone, index) => {
    const path = at("zones", index);
    if (zone === undefined) return [];
    if (zones.indexOf(zone) < index) return [{ path, problem: `${quote(zone)} stands in this list twice`, remedy: "Remove one." }];
    if (region.zones.includes(zone)) return [];
    if (region.zones.length === 0)
      return [{ path, problem: `${quote(zone)} is no zone: ${region.name} has none`, remedy: "Remove `zones`." }];
    return [{ path, problem: `${quote(zone)} is no zone of ${region.name}`, remedy: `Write ${listOf(region.zones)}.` }];
  });
}

/** The zone of an existing AWS subnet is the subnet's own. */
function isPlacedBySubnets({ provider, region }: PlacedCloudPool, draft: ConfigDraft): boolean {
  const network = networksOf(draft).find((candidate) => candidate.provider === provider && candidate.region === region?.name);
  return provider === "aws" && network !== undefined && isExisting(network);
}

function zonesOfTheAccount(region: Region, path: string): ConfigIssue {
  const command = `aws ec2 describe-availability-zones --region ${region.name} --query 'AvailabilityZones[].ZoneName'`;
  return {
    path,
    problem: `is missing, and accounts differ in the zones of ${region.name} that they see`,
    remedy: `Name yours: \`${command}\` lists them.`,
  };
}
