import type { Datastore } from "../config/schema";
import { type ClusterPlan, type NodePlan, hasSeveralServers } from "./cluster-plan";
import { routeDigest } from "./node-identity";

/** The stack's `cluster` output: what may not become another without an empty cluster in its place. */
export interface ClusterStatus {
  readonly name: string;
  readonly firstServer: string;
  /** Changes with what the first server cannot change while it lives. */
  readonly identity: string;
  readonly serverReplacement: "allowed" | "refused";
  /** What the last run to its end wanted. A node that it failed on, or left out, has another: the state knows. */
  readonly k3sVersion: string;
  /** The tailscale that the last run to its end wanted; absent in state of older releases. */
  readonly vpnVersion?: string;
  /** Changes with the way to the first server; absent in state of older releases. */
  readonly route?: string;
  /** What holds the data; absent in state of older releases. */
  readonly datastore?: Datastore;
  /** Which external datastore, without its address; absent in state of older releases. */
  readonly datastoreMarks?: readonly string[];
  /** What it was begun by where another cluster had been there: preview/has-begun.ts. */
  readonly begunBy?: string;
  /** By name, where there are several. */
  readonly servers?: Readonly<Record<string, ServerStatus>>;
}

interface ServerStatus {
  readonly identity: string;
  readonly route?: string | undefined;
}

export function clusterStatus(plan: ClusterPlan): ClusterStatus {
  const { name, firstServer, servers, allowServerReplacement, k3sVersion, tailnet, datastoreMarks } = plan;
  const serverReplacement = allowServerReplacement ? "allowed" : "refused";
  return {
    name,
    firstServer: firstServer.name,
    identity: firstServer.identity,
    serverReplacement,
    k3sVersion,
    vpnVersion: tailnet.clientVersion,
    route: routeDigest(firstServer),
    datastore: plan.datastore,
    ...(datastoreMarks && { datastoreMarks }),
    ...(hasSeveralServers(plan) && { servers: Object.fromEntries(servers.map(serverStatus)) }),
  };
}

function serverStatus(server: NodePlan): readonly [string, ServerStatus] {
  return [server.name, { identity: server.identity, route: routeDigest(server) }];
}

/** The servers of a run; in the state of one that had a single server, that one. */
export function serversIn({ servers, firstServer, identity, route }: ClusterStatus): Readonly<Record<string, ServerStatus>> {
  return servers ?? { [firstServer]: { identity, route } };
}

/** Whether a cluster of this status would be replaced by one of that, which is a new and empty one: no server stays as it is. */
export function isOtherCluster(before: ClusterStatus, now: ClusterStatus): boolean {
  const servers = serversIn(now);
  return (
    before.name !== now.name || !Object.entries(serversIn(before)).some(([name, { identity }]) => servers[name]?.identity === identity)
  );
}

/** Whether none of the ways to its servers that the last run left in the state is one of this run. */
export function hasLostWays(before: ClusterStatus, now: ClusterStatus): boolean {
  const known = Object.values(serversIn(before)).map(({ route }) => route);
  const ways = Object.values(serversIn(now)).map(({ route }) => route);
  return !known.some((route) => route === undefined || ways.includes(route));
}
