import type * as pulumi from "@pulumi/pulumi";
import type { HostRoute, ServerRoute, SshCredentials } from "./connection";

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

/** How to reach one host. */
export function hostInput({ ssh }: Pick<ToolContext, "ssh">, { host, bastion }: Machine): Record<string, unknown> {
  return { v: INPUT_VERSION, host, ...(bastion && { bastion }), credentials: ssh };
}

/** How to reach the servers, for what is asked or done on behalf of nodes on the first of them that answers. */
export function serversInput(context: Pick<ToolContext, "ssh">, servers: readonly ServerRoute[]): Record<string, unknown> {
  return { v: INPUT_VERSION, ...serversFields(servers), credentials: context.ssh };
}

/** An only server stands there as in the state of older releases. */
export function serversFields(servers: readonly ServerRoute[]): Record<string, unknown> {
  const [first] = servers;
  if (servers.length !== 1 || first === undefined) return { hosts: servers };
  return { host: first.host, ...(first.bastion && { bastion: first.bastion }) };
}

/** clusterInput with a node, and its machine where the tool talks to it. Without one: the tailnet's API alone. */
export function nodeInput(context: ToolContext, node: { readonly name: string }, machine?: Machine): Record<string, unknown> {
  return {
    ...clusterInput(context),
    node: node.name,
    ...(machine && { host: machine.host, ...(machine.bastion && { bastion: machine.bastion }), credentials: context.ssh }),
  };
}
