import * as pulumi from "@pulumi/pulumi";
import type { DrainedNode } from "../nodes/drained-node";
import { type ClusterPlan, hasSeveralServers } from "../plan/cluster-plan";
import { type ClusterStatus, clusterStatus, serversIn } from "../plan/cluster-status";
import { isKnown } from "../undocumented-pulumi";
import { lastOutputs } from "./last-run";

/** Refuses, at preview too, the step from one server to several or back: the living server's device lacks, or has, the tag that only several carry. */
export async function refuseOtherServerKind(plan: ClusterPlan): Promise<void> {
  const { cluster: before } = await lastOutputs();
  if (before === undefined || before.name !== plan.name || (before.servers !== undefined) === hasSeveralServers(plan)) return;
  const [from, to] = hasSeveralServers(plan) ? ["one server", "several"] : ["several servers", "one"];
  throw new pulumi.RunError(
    `This run would take the cluster ${plan.name} from ${from} to ${to}, which is not available yet; nothing was changed. Put the servers back as they were, ` +
      "or make a new cluster: another stack, or pulumi destroy first.",
  );
}

/**
 * Refuses a run that would replace so many servers that those that stay are no majority of etcd: each one that is made again is a member that is
 * lost until it votes. Removals alone are taken one by one, each out of etcd before its k3s stops, down to the last server that stays.
 */
export async function refuseLostQuorum(plan: ClusterPlan, leavers: readonly DrainedNode[]): Promise<void> {
  const { cluster: before } = await lastOutputs();
  if (before?.servers === undefined || before.name !== plan.name) return;
  const replaced = await replacedServers(before, clusterStatus(plan), leavers);
  const members = Object.keys(before.servers);
  const removed = members.filter((name) => !plan.servers.some((server) => server.name === name));
  const stay = members.length - removed.length - replaced.length;
  const needed = Math.floor(members.length / 2) + 1;
  if (replaced.length === 0 ? stay > 0 : stay >= needed) return;
  const gone = [
    ...(replaced.length > 0 ? [`replace ${replaced.join(", ")}`] : []),
    ...(removed.length > 0 ? [`remove ${removed.join(", ")}`] : []),
  ];
  throw new pulumi.RunError(
    `This run would ${gone.join(" and ")}, and of the ${members.length} servers of the cluster ${plan.name} ${stay} would stay: etcd needs ${needed} of them at every moment. ` +
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
