import type { ClusterPlan } from "./cluster-plan";
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
}

export function clusterStatus({ name, firstServer, allowServerReplacement, k3sVersion, tailnet }: ClusterPlan): ClusterStatus {
  const serverReplacement = allowServerReplacement ? "allowed" : "refused";
  return {
    name,
    firstServer: firstServer.name,
    identity: firstServer.identity,
    serverReplacement,
    k3sVersion,
    vpnVersion: tailnet.clientVersion,
    route: routeDigest(firstServer),
  };
}

/** Whether a cluster of this status would be replaced by one of that, which is a new and empty one. */
export function isOtherCluster(before: ClusterStatus, now: ClusterStatus): boolean {
  return before.name !== now.name || before.firstServer !== now.firstServer || before.identity !== now.identity;
}
