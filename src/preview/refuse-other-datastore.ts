import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../plan/cluster-plan";
import { type ClusterStatus, clusterStatus, isOtherCluster } from "../plan/cluster-status";
import { lastOutputs } from "./last-run";

/** Refuses, at preview too, a run that would have a living cluster's servers begin again with another datastore's objects, or with none. */
export async function refuseOtherDatastore(plan: ClusterPlan): Promise<void> {
  const { cluster: before } = await lastOutputs();
  if (before === undefined || isOtherCluster(before, clusterStatus(plan))) return;
  if ((before.datastore === "external") === (plan.datastore === "external")) return refuseOtherEndpoint(before, plan);
  const known = before.datastore ?? "what k3s embeds";
  throw new pulumi.RunError(
    `The cluster ${plan.name} keeps its data in ${known === "external" ? "an external datastore" : known}, and hybrid-k3s:cluster.datastore is ${plan.datastore}: ` +
      "k3s moves no data between its own datastore and an external one, and the cluster would begin empty. Nothing was changed. " +
      `Write it as it was${before.datastore === undefined ? "" : ` (${before.datastore})`}; for the other make a new cluster: another stack, or pulumi destroy first.`,
  );
}

/** The state knows the datastore by its marks alone: the message cannot tell, and must not show, where it is. */
function refuseOtherEndpoint(
  { datastoreMarks: known }: ClusterStatus,
  { name, datastoreMarks: marks, allowDatastoreMove }: ClusterPlan,
): void {
  if (known === undefined || marks === undefined || allowDatastoreMove || marks.some((mark) => known.includes(mark))) return;
  throw new pulumi.RunError(
    `hybrid-k3s:datastoreEndpoint names another database than the one that holds the cluster ${name}: another kind, host, port or name. ` +
      "k3s moves no data, and would begin an empty cluster in an empty one. Nothing was changed. " +
      "Set it as it was; user, password and options may be others, and of an etcd's members all but one. " +
      "Where the new one is the same database at another address, or the data were copied there while k3s was stopped on all servers, " +
      "set cluster.allowDatastoreMove: true for one pulumi up.",
  );
}
