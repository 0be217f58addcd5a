import { type ConfigIssue, listOf, quote, settingPath } from "../config-issue";
import type { ConfigDraft, PoolDraft } from "../draft";
import { parseDuration } from "../values/duration";
import { isLabelValue } from "../values/kubernetes-names";
import { isDnsLabel } from "../values/names";
import { isBareMetal, nodesIn, type PlacedPool, poolsOf } from "../pool-hosts";
import { validateUpgrade } from "./pool-upgrades";
import { serverCount } from "./k3s-version";

const longestPoolName = 24;
const longestDrainSeconds = 3600;

export function validatePools(draft: ConfigDraft): readonly ConfigIssue[] {
  return [
    ...poolsOf(draft).flatMap((placed) => [
      ...validateName(placed),
      ...validateJurisdiction(placed, draft),
      ...validateDrainTimeout(placed),
      ...validateRemoval(placed),
      ...validateUpgrade(placed),
    ]),
    ...validateServers(draft),
  ];
}

function validateName({ name }: PlacedPool): ConfigIssue[] {
  if (isDnsLabel(name, longestPoolName)) return [];
  return [
    {
      path: settingPath("pools", name),
      problem: `${quote(name)} is no legal pool name`,
      remedy: `Use at most ${longestPoolName} lower-case letters, digits and dashes, a letter or digit first and last.`,
    },
  ];
}

/** A cloud pool's region says where it is: cloud-regions.ts. */
function validateJurisdiction({ pool, at }: PlacedPool, { cluster }: ConfigDraft): ConfigIssue[] {
  if (!isBareMetal(pool)) return [];
  const allowed = cluster?.allowedJurisdictions;
  const path = at("jurisdiction");
  const { jurisdiction } = pool;
  if (jurisdiction !== undefined && (jurisdiction === "" || !isLabelValue(jurisdiction))) {
    return [
      {
        path,
        problem: `${quote(jurisdiction)} is no legal jurisdiction`,
        remedy: "Use at most 63 letters, digits, dashes, dots and underscores, a letter or digit first and last.",
      },
    ];
  }
  if (allowed === undefined || allowed.length === 0 || (jurisdiction !== undefined && allowed.includes(jurisdiction))) return [];
  const remedy = `Keep the pool within ${listOf(allowed.map(quote))}, or change cluster.allowedJurisdictions.`;
  return [
    {
      path,
      problem:
        jurisdiction === undefined
          ? "is missing, and cluster.allowedJurisdictions is set"
          : `${quote(jurisdiction)} is not among cluster.allowedJurisdictions`,
      remedy,
    },
  ];
}

function validateDrainTimeout({ pool, at }: PlacedPool): ConfigIssue[] {
  if (pool.drainTimeout === undefined) return [];
  const seconds = parseDuration(pool.drainTimeout);
  if (seconds !== undefined && seconds >= 1 && seconds <= longestDrainSeconds) return [];
  return [
    {
      path: at("drainTimeout"),
      problem: `${quote(pool.drainTimeout)} is no time limit from 1s to 1h`,
      remedy: "Write hours, minutes and seconds, for example 90s, 2m or 1m30s.",
    },
  ];
}

/** The only server has no other to drain to, and what it holds is the cluster. */
function validateRemoval({ pool, at }: PlacedPool): ConfigIssue[] {
  if (pool.role !== "server") return [];
  return (["drainPolicy", "removeData"] as const).flatMap((key) =>
    pool[key] === undefined
      ? []
      : [
          {
            path: at(key),
            problem: "is set for a server, which is never drained and takes the whole cluster along",
            remedy: "Remove it. Whether the server may be replaced says cluster.allowServerReplacement.",
          },
        ],
  );
}

/** It may be the one with the server. */
function isUnclear(pool: PoolDraft | undefined): boolean {
  return pool?.role === undefined || (isBareMetal(pool) ? pool.hosts === undefined : !("count" in pool) || pool.count === undefined);
}

function validateServers(draft: ConfigDraft): ConfigIssue[] {
  const path = settingPath("pools");
  const servers = serverCount(draft);
  // A pool that is not clear may have the server that is missing, and cannot take away one that is too many.
  if (draft.pools === undefined || (servers < 2 && Object.values(draft.pools).some(isUnclear))) return [];
  if (servers === 0) return [{ path, problem: "no pool has a server", remedy: "Give one pool `role: server` and one host." }];
  if (servers === 1) return [];
  const names = poolsOf(draft).filter(({ pool }) => pool.role === "server" && nodesIn(pool) > 0);
  return [
    {
      path,
      problem: `${servers} servers are asked for (in ${names.map(({ name }) => name).join(", ")}), and more than one is not available yet`,
      remedy: "Keep one host in a pool of `role: server`, and give the others `role: agent`.",
    },
  ];
}
