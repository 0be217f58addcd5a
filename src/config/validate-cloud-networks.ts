import type { Network } from "./cidr";
import { addressesOf, isExisting, networksOf, type PlacedNetwork } from "./cloud-pools";
import { type ConfigIssue, listOf, quote } from "./config-issue";
import type { ConfigDraft } from "./draft";
import { findRegion, type Region, spreadZones, zonePlaces } from "./regions";
import { networkSizes, subnetCapacity, zonePlace } from "./subnet-layout";
import { validateCidr, validateRange, validateSize } from "./validate-cidr";

const idPatterns = {
  vpcId: /^vpc-[0-9a-f]{8,17}$/,
  subnetIds: /^subnet-[0-9a-f]{8,17}$/,
  subnetId: /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i,
} as const;

/** Each region's network by itself; validate-network-overlaps.ts compares them. */
export function validateCloudNetworks(draft: ConfigDraft): readonly ConfigIssue[] {
  return networksOf(draft).flatMap((placed) => {
    const network = addressesOf(placed);
    const cidr = placed.at("cidr");
    const region = findRegion(placed.provider, placed.region);
    return [
      ...validateIds(placed),
      ...validateOneKind(placed),
      ...(placed.written?.cidr === undefined
        ? []
        : [
            ...validateCidr(cidr, placed.written.cidr, "172.16.0.0/20"),
            ...validateSize(cidr, network, { ...networkSizes, why: "each zone takes its own part of it" }),
            ...validateRange(cidr, network),
          ]),
      ...(region === undefined || network === undefined
        ? []
        : [...validatePlaces(placed, region), ...validateCapacity(placed, region, network)]),
    ];
  });
}

export function warnOfCloudNetworks(draft: ConfigDraft): readonly string[] {
  return networksOf(draft)
    .filter(({ pools, provider, region }) => pools.length === 0 && findRegion(provider, region) !== undefined)
    .map(({ at, provider, region }) => `${at()}: no pool of ${provider} is in ${region}, so it is not used.`);
}

function validateIds({ written, at }: PlacedNetwork): ConfigIssue[] {
  const { vpcId, subnetIds, subnetId } = written ?? {};
  const unfit = (key: keyof typeof idPatterns, id: string | undefined) => id !== undefined && !idPatterns[key].test(id);
  const missing = (has: string, lacks: string) => ({
    path: at(lacks),
    problem: `is missing beside ${has}`,
    remedy: "An existing VPC is named by its vpcId and the subnetIds that nodes may stand in.",
  });
  return [
    ...(vpcId !== undefined && subnetIds === undefined ? [missing("vpcId", "subnetIds")] : []),
    ...(subnetIds !== undefined && vpcId === undefined ? [missing("subnetIds", "vpcId")] : []),
    ...(subnetIds?.length === 0
      ? [{ path: at("subnetIds"), problem: "is empty", remedy: "Name the subnets that nodes may stand in." }]
      : []),
    ...(unfit("vpcId", vpcId)
      ? [
          {
            path: at("vpcId"),
            problem: `${quote(vpcId)} is no id of a VPC`,
            remedy: "Write it as AWS does, for example vpc-0123456789abcdef0.",
          },
        ]
      : []),
    ...(subnetIds ?? []).flatMap((id, index) =>
      unfit("subnetIds", id)
        ? [
            {
              path: at("subnetIds", index),
              problem: `${quote(id)} is no id of a subnet`,
              remedy: "Write it as AWS does, for example subnet-0123456789abcdef0.",
            },
          ]
        : [],
    ),
    ...(unfit("subnetId", subnetId)
      ? [
          {
            path: at("subnetId"),
            problem: `${quote(subnetId)} is no id of a VNet's subnet`,
            remedy: "Write what `az network vnet subnet show --query id` prints: it starts with /subscriptions/.",
          },
        ]
      : []),
  ];
}

function validateOneKind(placed: PlacedNetwork): ConfigIssue[] {
  if (!isExisting(placed)) return [];
  const ids = placed.provider === "aws" ? "vpcId and subnetIds" : "subnetId";
  return (["cidr", "natGateway"] as const).flatMap((key) =>
    placed.written?.[key] === undefined
      ? []
      : [
          {
            path: placed.at(key),
            problem: "is for a network that the stack makes, and this one is there already",
            remedy: `Remove it, or remove ${ids}.`,
          },
        ],
  );
}

/** Of the zones beyond the fourth, each shares the place of an earlier one. */
function validatePlaces({ provider, pools }: PlacedNetwork, region: Region): ConfigIssue[] {
  if (provider === "azure") return [];
  const used = new Set<string>();
  return pools.flatMap(({ pool, at }) =>
    (pool.zones ?? region.zones.slice(0, zonePlaces)).flatMap((zone, index) => {
      if (zone === undefined || !region.zones.includes(zone)) return [];
      const other = [...used].find((taken) => taken !== zone && zonePlace(region, taken) === zonePlace(region, zone));
      used.add(zone);
      if (other === undefined) return [];
      return [
        {
          path: pool.zones === undefined ? at("zones") : at("zones", index),
          problem: `${quote(zone)} cannot stand beside ${quote(other)} in a network that the stack makes, which has places for ${zonePlaces} zones`,
          remedy: `Keep one of the two in all pools of ${region.name}, or name an existing network.`,
        },
      ];
    }),
  );
}

/** Nodes of a pool go to its zones in turn. */
function validateCapacity({ provider, pools, written, at }: PlacedNetwork, region: Region, network: Network): ConfigIssue[] {
  if (network.prefix < networkSizes.from || network.prefix > networkSizes.to) return [];
  const holds = subnetCapacity(provider, network);
  const loads = new Map<string, number>();
  for (const { pool, nodes } of pools) {
    const zones =
      provider === "azure"
        ? [""]
        : spreadZones(
            region,
            pool.zones?.filter((zone) => zone !== undefined),
          );
    for (const zone of zones) {
      const subnet = `${pool.publicIp === false ? "private" : "public"} subnet${zone === "" ? "" : ` of ${zone}`}`;
      loads.set(subnet, (loads.get(subnet) ?? 0) + Math.ceil(nodes / zones.length));
    }
  }
  const crowded = [...loads].filter(([, nodes]) => nodes > holds);
  if (crowded.length === 0) return [];
  const remedy = written?.cidr === undefined ? "Write a larger one" : "Take a larger one";
  return [
    {
      path: at("cidr"),
      problem: `holds ${holds} machines in each subnet, and the pools have more (${listOf(
        crowded.map(([subnet, nodes]) => `${nodes} in the ${subnet}`),
        "and",
      )})`,
      remedy: `${remedy}, up to a /${networkSizes.from}, or spread the pools over more zones or regions.`,
    },
  ];
}
