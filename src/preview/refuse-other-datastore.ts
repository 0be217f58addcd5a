import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../plan/cluster-plan";
import { clusterStatus, isOtherCluster } from "../plan/cluster-status";
import { lastOutputs } from "./last-run";

/** Refuses, at preview too, a run that would have a living cluster's servers begin again with another datastore's objects, or with none. */
export async function refuseOtherDatastore(plan: ClusterPlan): Promise<void> {
  const { cluster: before } = await lastOutputs();
  if (before === undefined || isOtherCluster(before, clusterStatus(plan))) return;
  if ((before.datastore === "external") === (plan.datastore === "external")) return;
  const known = before.datastore ?? "what k3s embeds";
  throw new pulumi.RunError(
    `The cluster ${plan.name} keeps its data in ${known === "external" ? "an external datastore" : known}, and hybrid-k3s:cluster.datastore is ${plan.datastore}: ` +
      "k3s moves no data between its own datastore and an external one, and the cluster would begin empty. Nothing was changed. " +
      `Write it as it was${before.datastore === undefined ? "" : ` (${before.datastore})`}; for the other make a new cluster: another stack, or pulumi destroy first.`,
  );
}
