import { type ConfigIssue, listOf, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { parseDuration } from "../values/duration";
import { isLabelValue } from "../values/kubernetes-names";
import { isDnsLabel } from "../values/names";
import { isBareMetal, type PlacedPool, poolsOf } from "../pool-hosts";
import { validateUpgrade } from "./pool-upgrades";
import { serverCount } from "./k3s-version";

const longestPoolName = 24;
const longestDrainSeconds = 3600;

export function validatePools(draft: ConfigDraft): readonly ConfigIssue[] {
  const onlyServer = serverCount(draft) < 2;
  return poolsOf(draft).flatMap((placed) => [
    ...validateName(placed),
    ...validateJurisdiction(placed, draft),
    ...validateDrainTimeout(placed),
    ...(onlyServer ? validateRemoval(placed) : []),
    ...validateUpgrade(placed),
  ]);
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
            problem: "is set for the only server, which is never drained and takes the whole cluster along",
            remedy: "Remove it. Whether the server may be replaced says cluster.allowServerReplacement.",
          },
        ],
  );
}
