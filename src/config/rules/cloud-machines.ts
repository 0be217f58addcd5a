import { generation1Only } from "../../catalog/azure-generations";
import { cloudPoolsOf, type PlacedCloudPool } from "../cloud-pools";
import { type ConfigIssue, quote } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { exampleTypes, readInstanceType } from "../../catalog/instance-architecture";
import { isDnsLabel } from "../values/names";
import { hostsOf } from "../pool-hosts";

const mostNodes = 500;
const longestName = 63;
/** Azure's images have a disk of 30 GB, AWS's of 8; Azure's largest system disk bounds both (https://learn.microsoft.com/azure/virtual-machines/managed-disks-overview). */
const diskLimits = { aws: { from: 8, to: 4095 }, azure: { from: 30, to: 4095 } } as const;

/** What cloud pools are made of: how many, which machines, at what price. */
export function validateCloudMachines(draft: ConfigDraft): readonly ConfigIssue[] {
  const pools = cloudPoolsOf(draft);
  return [
    ...pools.flatMap((placed) => [
      ...validateCount(placed),
      ...validateRemove(placed),
      ...validateInstanceType(placed),
      ...validateDisk(placed),
      ...validateSpot(placed),
      ...validatePrices(placed),
      ...validateNodeNames(placed, draft),
    ]),
    ...validateHostNames(pools, draft),
  ];
}

export function warnOfCloudMachines(draft: ConfigDraft): readonly string[] {
  return cloudPoolsOf(draft).flatMap(({ pool: { count, remove = [] }, at }) =>
    remove.flatMap((removed, index) => {
      if (removed === undefined || count === undefined) return [];
      if (removed >= count) return [`${at("remove", index)}: ${removed} takes no node away, because \`count\` is ${count}.`];
      return remove.indexOf(removed) < index
        ? [`${at("remove", index)}: ${removed} stands in this list twice and takes one node away.`]
        : [];
    }),
  );
}

function validateCount({ pool, at }: PlacedCloudPool): ConfigIssue[] {
  const path = at("count");
  if (pool.count === undefined) return [];
  if (pool.count < 0) return [{ path, problem: `${pool.count} is negative`, remedy: "Write 0 or more." }];
  if (pool.count <= mostNodes) return [];
  return [
    { path, problem: `${pool.count} is more than a pool may have`, remedy: `Write at most ${mostNodes}, and make further pools for more.` },
  ];
}

function validateRemove({ pool, at }: PlacedCloudPool): ConfigIssue[] {
  return (pool.remove ?? []).flatMap((removed, index) =>
    removed === undefined || removed >= 0
      ? []
      : [{ path: at("remove", index), problem: `${removed} is negative`, remedy: "Write the number at the end of the node's name." }],
  );
}

function validateInstanceType({ provider, pool, at }: PlacedCloudPool): ConfigIssue[] {
  const key = provider === "aws" ? "instanceType" : "vmSize";
  const type = (pool as { readonly instanceType?: string; readonly vmSize?: string })[key];
  if (type === undefined) return [];
  const read = readInstanceType(provider, type);
  const examples = exampleTypes[provider];
  switch (read.kind) {
    case "macos":
      return [
        {
          path: at(key),
          problem: `${quote(type)} runs macOS alone`,
          remedy: `Take a type that runs Linux, for example ${examples.amd64}.`,
        },
      ];
    case "malformed": {
      const what = provider === "aws" ? "EC2 instance type" : "Azure VM size";
      return [
        { path: at(key), problem: `${quote(type)} is no ${what}`, remedy: `Write it as the cloud does, for example ${examples.amd64}.` },
      ];
    }
    case "known": {
      const old = provider === "azure" ? generation1Only(type) : undefined;
      if (old !== undefined) {
        const problem = `${quote(type)} is of the ${old.series} series, which boots images of generation 1 alone, and ours are of generation 2`;
        return [{ path: at(key), problem, remedy: `Take a size that boots generation 2, for example ${old.instead}.` }];
      }
      if (pool.architecture === undefined || pool.architecture === read.architecture) return [];
      return [
        {
          path: at("architecture"),
          problem: `${quote(pool.architecture)} is not what ${quote(type)} has, which is ${read.architecture}`,
          remedy: `Write ${read.architecture} or remove it, or take an ${pool.architecture} ${key}, for example ${examples[pool.architecture]}.`,
        },
      ];
    }
  }
}

function validateDisk({ provider, pool, at }: PlacedCloudPool): ConfigIssue[] {
  const { from, to } = diskLimits[provider];
  if (pool.diskGb === undefined || (pool.diskGb >= from && pool.diskGb <= to)) return [];
  return [{ path: at("diskGb"), problem: `${pool.diskGb} is no size for a system disk`, remedy: `Write ${from} to ${to}.` }];
}

/** Sizes that Azure never lends as spot (https://learn.microsoft.com/azure/virtual-machines/spot-vms#limitations). */
const neverSpot = /^Standard_B|_Promo$/;

function validateSpot({ pool, at }: PlacedCloudPool): ConfigIssue[] {
  const size = "vmSize" in pool ? pool.vmSize : undefined;
  const ofSize =
    pool.spot === true && size !== undefined && neverSpot.test(size)
      ? [
          {
            path: at("spot"),
            problem: `is true, and Azure has no spot machines of ${quote(size)}`,
            remedy: `Remove it, or take another size, for example ${exampleTypes.azure.amd64}.`,
          },
        ]
      : [];
  const ofServer =
    pool.spot === true && pool.role === "server"
      ? [
          {
            path: at("spot"),
            problem: "is true for a server, which the cloud could take back at any time",
            remedy: "Remove it, or give the pool `role: agent`.",
          },
        ]
      : [];
  const price =
    pool.spotMaxPrice !== undefined && pool.spot !== true
      ? [{ path: at("spotMaxPrice"), problem: "is set, and `spot` is not true", remedy: "Remove it, or set spot: true." }]
      : [];
  return [...ofServer, ...ofSize, ...price];
}

function validatePrices({ pool, at }: PlacedCloudPool): ConfigIssue[] {
  return (["spotMaxPrice", "hourlyPrice"] as const).flatMap((key) => {
    const price = pool[key];
    // Azure takes five decimals, and no cloud a price in exponents.
    if (price === undefined || (price >= 0.00001 && Number(price.toFixed(5)) === price)) return [];
    return [
      {
        path: at(key),
        problem: `${price} is no price`,
        remedy: "Write US dollars an hour, more than 0, with at most five decimals, or remove it.",
      },
    ];
  });
}

function validateNodeNames({ name, pool, at }: PlacedCloudPool, { cluster }: ConfigDraft): ConfigIssue[] {
  const longest = `${cluster?.name ?? ""}-${name}-${Math.max(0, (pool.count ?? 0) - 1)}`;
  if (cluster?.name === undefined || longest.length <= longestName) return [];
  return [
    {
      path: at(),
      problem: `${quote(longest)}, the name of its last node, has ${longest.length} characters`,
      remedy: `Shorten the pool's name or the cluster's: a node's name has at most ${longestName}.`,
    },
  ];
}

/** Also of nodes that a pool does not have yet: a burst must not fail because of a host's name. */
function validateHostNames(pools: readonly PlacedCloudPool[], draft: ConfigDraft): ConfigIssue[] {
  const cluster = draft.cluster?.name;
  if (cluster === undefined || !isDnsLabel(cluster)) return [];
  return hostsOf(draft).flatMap(({ host, at }) => {
    const pool = /^(.+)-(?:0|[1-9]\d{0,2})$/.exec(host.name ?? "")?.[1];
    const taken = pools.find(({ name }) => pool === `${cluster}-${name}`);
    if (taken === undefined) return [];
    return [{ path: at("name"), problem: `${quote(host.name)} is a node's name of ${taken.at()}`, remedy: "Give the host another name." }];
  });
}
