import type { Network } from "../values/cidr";
import { addressesOf, isExisting, networksOf, type PlacedNetwork } from "../cloud-pools";
import { type ConfigIssue, quote } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { nodesInTurn } from "../pool-hosts";
import { findRegion, type Region, spreadZones } from "../../catalog/regions";
import { awsSubnet, azureSubnet, networkSizes, subnetCapacity } from "../../catalog/subnet-layout";
import { validateCidr, validateRange, validateSize, warnOfPublicRange } from "../values/validate-cidr";

const idPatterns = {
  vpcId: /^vpc-[0-9a-f]{8,17}$/,
  subnetIds: /^subnet-[0-9a-f]{8,17}$/,
  subnetId: /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i,
} as const;

/** Each region's network by itself; network-overlaps.ts compares them. */
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
      ...(region === undefined || network === undefined ? [] : validateCapacity(placed, region, network)),
    ];
  });
}

export function warnOfCloudNetworks(draft: ConfigDraft): readonly string[] {
  return networksOf(draft).flatMap((placed) => {
    const { pools, provider, region, at } = placed;
    const unused = pools.length === 0 && findRegion(provider, region) !== undefined;
    return [
      ...(unused ? [`${at()}: no pool of ${provider} is in ${region}, so it is not used.`] : []),
      ...warnOfPublicRange(at("cidr"), addressesOf(placed)),
    ];
  });
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

/** Nodes of a pool go to its zones in turn, and keep theirs whichever others are taken out. */
function validateCapacity({ provider, pools, written, at }: PlacedNetwork, region: Region, network: Network): ConfigIssue[] {
  if (network.prefix < networkSizes.from || network.prefix > networkSizes.to) return [];
  const loads = new Map<string, { nodes: number; readonly holds: number }>();
  for (const { pool, nodes } of pools) {
    const isPublic = pool.publicIp !== false;
    const kind = isPublic ? "public" : "private";
    const add = (name: string, subnet: Network, share: number) => {
      loads.set(name, { nodes: (loads.get(name)?.nodes ?? 0) + share, holds: subnetCapacity(subnet) });
    };
    if (provider === "azure") {
      add(`${kind} subnet`, azureSubnet(network, isPublic), nodes);
      continue;
    }
    const named = pool.zones?.filter((zone) => zone !== undefined);
    const zones = spreadZones(region, named);
    for (const [turn, zone] of zones.entries()) {
      if (!region.zones.includes(zone)) continue;
      add(`${kind} subnet of ${zone}`, awsSubnet(network, region, zone, isPublic), nodesInTurn(pool, turn, zones.length));
    }
  }
  const crowded = [...loads].filter(([, { nodes, holds }]) => nodes > holds);
  if (crowded.length === 0) return [];
  const parts = crowded.map(([subnet, { nodes, holds }]) => `${nodes} machines in the ${subnet}, which holds ${holds}`);
  return [
    {
      path: at("cidr"),
      problem: `is too small for the pools (${parts.join("; ")})`,
      remedy: `${written?.cidr === undefined ? "Write" : "Take"} a larger one, up to a /${networkSizes.from}, or spread the pools over more zones or regions.`,
    },
  ];
}
