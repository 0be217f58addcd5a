import * as pulumi from "@pulumi/pulumi";
import { lastOutputs } from "./last-run";
import { clusterStatus, isOtherCluster } from "../plan/cluster-status";
import type { ClusterPlan } from "../plan/cluster-plan";

/**
 * Refuses, at preview too, a config that would replace or remove the only server, unless an earlier `up` had the permission. The guards
 * refuse it as well, but at --continue-on-error the engine goes on to delete what the config no longer names: with this nothing is registered.
 */
export async function refuseOtherCluster(plan: ClusterPlan): Promise<void> {
  const { cluster: before } = await lastOutputs();
  if (before === undefined || before.serverReplacement === "allowed" || !isOtherCluster(before, clusterStatus(plan))) return;
  const { describeLostServer } = await import("../operator-tools/host/protect-server.mjs");
  throw new pulumi.RunError(describeLostServer({ node: before.firstServer, cluster: before.name }));
}
