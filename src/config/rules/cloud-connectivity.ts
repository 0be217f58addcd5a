import { cloudPoolsOf, isExisting, networksOf, type PlacedCloudPool } from "../cloud-pools";
import type { ConfigIssue } from "../config-issue";
import type { ConfigDraft } from "../draft";

/** How the stack reaches cloud machines, and how they reach the world. */
export function validateCloudConnectivity(draft: ConfigDraft): readonly ConfigIssue[] {
  return cloudPoolsOf(draft).flatMap((placed) => [...validateWayIn(placed), ...validateWayOut(placed, draft)]);
}

function validateWayIn({ pool, at }: PlacedCloudPool): ConfigIssue[] {
  if (pool.publicIp === false) {
    if (pool.bastion !== undefined || pool.reachableBy !== undefined) return [];
    return [
      {
        path: at("publicIp"),
        problem: "is false, and nothing says how its machines are reached",
        remedy: "Give the pool a `bastion`, or write reachableBy: private if the machine that runs pulumi has a route to them.",
      },
    ];
  }
  if (pool.reachableBy === undefined) return [];
  return [
    {
      path: at("reachableBy"),
      problem: "is private, and the machines have public addresses",
      remedy: "Remove it, or write publicIp: false.",
    },
  ];
}

/** Installing takes downloads; in an existing network the way out is the operator's affair. */
function validateWayOut({ provider, pool, region, at }: PlacedCloudPool, draft: ConfigDraft): ConfigIssue[] {
  if (pool.publicIp !== false || region === undefined) return [];
  const network = networksOf(draft).find((candidate) => candidate.provider === provider && candidate.region === region.name);
  if (network === undefined || isExisting(network) || network.written?.natGateway === true) return [];
  return [
    {
      path: at("publicIp"),
      problem: `is false, and the network that the stack makes in ${region.name} has no NAT gateway, so its machines could not reach out`,
      remedy: `Set networks.${provider}.${region.name}.natGateway: true, or name a network there that has a way out.`,
    },
  ];
}
