import { type ConfigIssue, listOf, settingPath } from "../config-issue";
import type { ConfigDraft, PoolDraft } from "../draft";
import { integrations } from "../schema";
import { isBareMetal, nodesIn, type PlacedPool, poolsOf } from "../pool-hosts";
import { serverCount } from "./k3s-version";

const counts = [1, 3, 5, 7];

/** How many servers, where, and what they must have in common. */
export function validateServers(draft: ConfigDraft): readonly ConfigIssue[] {
  const path = settingPath("pools");
  const servers = serverCount(draft);
  const pools = poolsOf(draft).filter(({ pool }) => pool.role === "server" && nodesIn(pool) > 0);
  // A pool that is not clear may have the server that is missing, and cannot take away one that is too many.
  if (draft.pools === undefined || (servers < 2 && Object.values(draft.pools).some(isUnclear))) return [];
  if (servers === 0) return [{ path, problem: "no pool has a server", remedy: "Give one pool `role: server` and one host." }];
  if (servers === 1) return [];
  const names = pools.map(({ name }) => name).join(", ");
  return [
    ...(draft.cluster?.datastore === "external"
      ? []
      : [
          ...validateCount(path, servers, names),
          ...validateDatastore(draft, servers),
          ...validateIntegration(draft, servers),
          ...validatePlace(path, pools),
        ]),
    ...validateEqualSettings(pools),
  ];
}

/** It may be the one with the server. */
function isUnclear(pool: PoolDraft | undefined): boolean {
  return pool?.role === undefined || (isBareMetal(pool) ? pool.hosts === undefined : !("count" in pool) || pool.count === undefined);
}

function validateCount(path: string, servers: number, names: string): ConfigIssue[] {
  if (counts.includes(servers)) return [];
  const why =
    servers > 7
      ? "more than 7 only make each write wait for more of them"
      : servers === 2
        ? "of 2 neither may be lost: etcd needs more than half of its members, so that two fail more often than one"
        : `of ${servers} no more may be lost than of ${servers - 1}: etcd needs more than half of its members`;
  return [
    { path, problem: `${servers} servers are asked for (in ${names}), and ${why}`, remedy: `Make it ${listOf(counts.map(String), "or")}.` },
  ];
}

function validateDatastore({ cluster }: ConfigDraft, servers: number): ConfigIssue[] {
  if (cluster?.datastore !== "sqlite") return [];
  return [
    {
      path: settingPath("cluster", "datastore"),
      problem: `is sqlite, which is a file on one server, and there are ${servers}`,
      remedy: "Write etcd or external, or remove it.",
    },
  ];
}

function validateIntegration({ vpn }: ConfigDraft, servers: number): ConfigIssue[] {
  if (vpn === undefined || (vpn.integration ?? "k3s") !== "k3s") return [];
  const others = integrations.filter((integration) => integration !== "k3s");
  return [
    {
      path: settingPath("vpn", "integration"),
      problem:
        `is k3s, and there are ${servers} servers: k3s's own VPN flag takes a server out of the tailnet whenever its k3s stops, and what it calls ` +
        "etcd's address differs from release to release (k3s#14515)",
      remedy: `Write ${listOf(others, "or")}.`,
    },
  ];
}

/** A bare-metal pool is a site; of a cloud, pools of one region are one place, and their zones are spread. */
function validatePlace(path: string, pools: readonly PlacedPool[]): ConfigIssue[] {
  const places = [...new Set(pools.map(({ name, pool }) => (isBareMetal(pool) ? `the pool ${name}` : regionOf(pool))))];
  if (places.length < 2) return [];
  return [
    {
      path,
      problem: `the servers stand in several places (${places.join(", ")}), and etcd waits for the slowest way between them at each write`,
      remedy: "Give the servers one bare-metal pool, or pools in one region of one cloud.",
    },
  ];
}

function regionOf(pool: PoolDraft): string {
  return `${pool.provider} ${"region" in pool ? pool.region : ""}`.trim();
}

/** What k3s compares when a server joins (pkg/daemons/config/types.go, CriticalControlArgs), and what it does not but goes by: whichever server is asked first. */
const critical =
  /^(disable(-.*)?|cluster-(dns|domain)|secrets-encryption(-provider)?|embedded-registry|supervisor-metrics|kube-(apiserver|controller-manager|scheduler)-arg)$/;

/** The cluster's own settings are the same on all servers; a pool's are not. */
function validateEqualSettings(pools: readonly PlacedPool[]): ConfigIssue[] {
  const keys = [...new Set(pools.flatMap(({ pool }) => Object.keys(pool.k3s ?? {})))].filter((key) => critical.test(key));
  return keys.flatMap((key) => {
    const [first, ...others] = pools;
    const differing = others.find(({ pool }) => JSON.stringify(pool.k3s?.[key]) !== JSON.stringify(first?.pool.k3s?.[key]));
    if (first === undefined || differing === undefined) return [];
    return [
      {
        path: differing.at("k3s", key),
        problem: `is another one than for the servers of ${first.name}, and all servers must have the same`,
        remedy: "Write it in cluster.k3s instead.",
      },
    ];
  });
}
