import * as pulumi from "@pulumi/pulumi";
import type { DrainedNode } from "../nodes/drained-node";
import { type ClusterPlan, canGrow, hasSeveralServers } from "../plan/cluster-plan";
import { type ClusterStatus, clusterStatus, isOtherCluster, serversIn } from "../plan/cluster-status";
import { isKnown } from "../undocumented-pulumi";
import { lastOutputs } from "./last-run";

/**
 * Refuses, at preview too, what would take a living cluster off its etcd: back to SQLite, where k3s does not go, and from several servers to one of
 * a kind that stays alone in the same run, as the others leave by what this one would lose.
 */
export async function refuseLostEtcd(plan: ClusterPlan): Promise<void> {
  const { cluster: before } = await lastOutputs();
  if (before === undefined || isOtherCluster(before, clusterStatus(plan))) return;
  if (before.datastore === "etcd" && plan.datastore === "sqlite") {
    throw new pulumi.RunError(
      `The cluster ${plan.name} keeps its data in etcd, and hybrid-k3s:cluster.datastore is sqlite: k3s never moves data back there. ` +
        "Nothing was changed. Write etcd; for SQLite make a new cluster: another stack, or pulumi destroy first.",
    );
  }
  if (before.servers === undefined && (before.datastore ?? "sqlite") === "sqlite" && hasSeveralServers(plan)) {
    // headscale 0.26 to 0.29 tells a device of its new tag's rules only when another one joins after that (run).
    throw new pulumi.RunError(
      `This run would take the cluster ${plan.name} from SQLite on one server to several servers with etcd at once. ` +
        "Nothing was changed. Do it in two runs: with that server alone and hybrid-k3s:cluster.datastore etcd, pulumi up moves its data; then add the others.",
    );
  }
  if (before.servers !== undefined && !canGrow(plan)) {
    throw new pulumi.RunError(
      `This run would leave the cluster ${plan.name} one of its servers and change hybrid-k3s:vpn.integration to ${plan.integration} at once. ` +
        "Nothing was changed. Do it in two runs: with the integration as it was, pulumi up takes the other servers out; then change it.",
    );
  }
}

/**
 * Refuses a run that would replace so many servers that those that stay are no majority of etcd: each one that is made again is a member that is
 * lost until it votes. With an external datastore one that stays is enough. Removals alone are taken one by one, each out of etcd before its k3s
 * stops, down to the last server that stays.
 */
export async function refuseLostQuorum(plan: ClusterPlan, leavers: readonly DrainedNode[]): Promise<void> {
  const { cluster: before } = await lastOutputs();
  if (before?.servers === undefined || before.name !== plan.name) return;
  // Then they are lost already, and a new cluster begins: refuse-other-cluster.ts.
  if (before.serverReplacement === "allowed" && isOtherCluster(before, clusterStatus(plan))) return;
  const replaced = await replacedServers(before, clusterStatus(plan), leavers);
  const members = Object.keys(before.servers);
  const removed = members.filter((name) => !plan.servers.some((server) => server.name === name));
  const stay = members.length - removed.length - replaced.length;
  // An external datastore waits for no server.
  const needed = plan.datastore === "external" ? 1 : Math.floor(members.length / 2) + 1;
  if (replaced.length === 0 ? stay > 0 : stay >= needed) return;
  const gone = [
    ...(replaced.length > 0 ? [`replace ${replaced.join(", ")}`] : []),
    ...(removed.length > 0 ? [`remove ${removed.join(", ")}`] : []),
  ];
  const why = plan.datastore === "external" ? "one must stay that answers" : `etcd needs ${needed} of them at every moment`;
  throw new pulumi.RunError(
    `This run would ${gone.join(" and ")}, and of the ${members.length} servers of the cluster ${plan.name} ${stay} would stay: ${why}. ` +
      "Nothing was changed. Take back the change for all of them but one, run pulumi up, then go on with the next.",
  );
}

/** By what the config says of them; a preview also knows of a machine that is made again. */
async function replacedServers(before: ClusterStatus, now: ClusterStatus, leavers: readonly DrainedNode[]): Promise<readonly string[]> {
  const servers = serversIn(now);
  const looks = Object.entries(serversIn(before)).map(async ([name, { identity }]) => {
    const server = servers[name];
    if (server === undefined) return [];
    const link = leavers.find(({ plan }) => plan.name === name)?.leavesWith;
    const isMadeAgain = pulumi.runtime.isDryRun() && link !== undefined && !(await isKnown(link.id));
    return identity !== server.identity || isMadeAgain ? [name] : [];
  });
  return (await Promise.all(looks)).flat();
}
