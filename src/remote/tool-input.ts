import type * as pulumi from "@pulumi/pulumi";
import type { HostRoute, SshCredentials } from "./connection";

/** A machine and the bastion on the way to it. */
export type Machine = Pick<HostRoute, "host" | "bastion">;

/** The version of the tools' input. State outlives releases: raise it only with a tool that still reads the older ones. */
const INPUT_VERSION = 1;

/** What the tools are told of a cluster, of all that its components share. */
export interface ToolContext {
  readonly plan: { readonly name: string };
  readonly owner: string;
  readonly ssh: SshCredentials;
  readonly vpn: { readonly access: Readonly<Record<string, pulumi.Input<string> | undefined>> };
}

/** What every tool needs to know of the cluster and of how to reach the VPN's control server. */
export function clusterInput({ plan, owner, vpn }: Omit<ToolContext, "ssh">): Record<string, unknown> {
  return { v: INPUT_VERSION, cluster: plan.name, owner, tailnet: vpn.access };
}

/** How to reach the first server, for what is asked or done there on behalf of several nodes. */
export function firstServerInput({ ssh }: Pick<ToolContext, "ssh">, { host, bastion }: Machine): Record<string, unknown> {
  return { v: INPUT_VERSION, host, ...(bastion && { bastion }), credentials: ssh };
}

/** clusterInput with a node, and the machine that the tool talks to: the node's own, or the first server's. Without one: the tailnet's API alone. */
export function nodeInput(context: ToolContext, node: { readonly name: string }, machine?: Machine): Record<string, unknown> {
  return {
    ...clusterInput(context),
    node: node.name,
    ...(machine && { host: machine.host, ...(machine.bastion && { bastion: machine.bastion }), credentials: context.ssh }),
  };
}
