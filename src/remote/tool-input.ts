import type { ClusterContext } from "../cluster-context";
import type { NodePlan } from "../plan/cluster-plan";
import type { HostRoute } from "./connection";

/** A machine and the bastion on the way to it. */
export type Machine = Pick<HostRoute, "host" | "bastion">;

/** The version of the tools' input. State outlives releases: raise it only with a tool that still reads the older ones. */
const INPUT_VERSION = 1;

/** What every tool needs to know of the cluster and of how to reach the VPN's control server. */
export function clusterInput(context: ClusterContext): Record<string, unknown> {
  const { plan, owner, vpn } = context;
  return { v: INPUT_VERSION, cluster: plan.name, owner, tailnet: vpn.access };
}

/** How to reach the first server, for what is asked or done there on behalf of several nodes. */
export function firstServerInput({ ssh }: ClusterContext, { host, bastion }: Machine): Record<string, unknown> {
  return { v: INPUT_VERSION, host, ...(bastion && { bastion }), credentials: ssh };
}

/** clusterInput with a node, and the machine that the tool talks to: the node's own, or the first server's. Without one: the tailnet's API alone. */
export function nodeInput(context: ClusterContext, node: NodePlan, machine?: Machine): Record<string, unknown> {
  return {
    ...clusterInput(context),
    node: node.name,
    ...(machine && { host: machine.host, ...(machine.bastion && { bastion: machine.bastion }), credentials: context.ssh }),
  };
}
