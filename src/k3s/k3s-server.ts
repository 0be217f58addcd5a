import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { Drain } from "../nodes/drain";
import { WaitReady, type ReadyResult } from "../nodes/wait-ready";
import type { JoinedNode } from "../nodes/node";
import { type ClusterPlan, canGrow } from "../plan/cluster-plan";
import { clusterAgentTokenFile, serverTokenFile } from "../plan/k3s-config";
import type { ServerRoute } from "../remote/connection";
import type { RemoteScript, SecretFile } from "../remote/remote-script";
import { createPodRoute } from "../vpn/tailnet/pod-route";
import { createServerTag } from "../vpn/tailnet/server-tag";
import type { ApiService } from "../vpn/vpn";
import type { ClusterAccess } from "./cluster-access";
import { type InstallResult, createInstall } from "./install";

/** A server as the others see it. */
export interface ServerPlace {
  readonly route: ServerRoute;
  readonly tailnetIp: pulumi.Output<string>;
}

export interface K3sServerArgs {
  readonly context: ClusterContext;
  readonly node: JoinedNode;
  /** This one too. */
  readonly servers: readonly ServerPlace[];
  /** What it joins with; absent on the server that begins the cluster. */
  readonly access?: pulumi.Output<ClusterAccess>;
  /** What all servers stand behind. */
  readonly apiService?: ApiService | undefined;
  /** Servers whose k3s comes first. */
  readonly after: readonly K3sServer[];
  /** What only `destroy` removes, and with it nothing is drained. */
  readonly cluster: pulumi.Resource;
}

/** One server: (drain | tags) -> install -> route -> wait-ready. */
export class K3sServer extends pulumi.ComponentResource {
  readonly k3s: RemoteScript<InstallResult>;
  readonly drain: Drain;
  readonly waitReady: WaitReady;
  readonly node: JoinedNode;
  readonly seen: pulumi.Output<ReadyResult>;

  constructor(name: string, args: K3sServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:k3s:K3sServer", name, {}, opts);
    const { context, node, servers, access, apiService, after, cluster } = args;
    const { joined, replaceCommand } = node;
    const others = servers.filter(({ route }) => route.name !== name);
    const routes = others.map(({ route }) => route);
    const drain = new Drain(`${name}-drain`, context, node.plan, node.route, routes, joined, {
      parent: this,
      dependsOn: joined,
      deletedWith: cluster,
    });
    this.k3s = createInstall(
      `${name}-install`,
      {
        context,
        node,
        servers: others.map(({ tailnetIp }) => tailnetIp),
        mayBegin: access === undefined,
        ...(access && { carriedFiles: joiningSecrets(access, context.plan) }),
        ...(canGrow(context.plan) && { drainId: pulumi.interpolate`${drain.id}` }),
        apiService,
        previous: joined.id,
        // What restarts can tell nothing meanwhile.
        gates: [...routes, { name, ...node.route }],
      },
      {
        parent: this,
        dependsOn: [...createServerTag(name, context, { node: node.plan, joined }, this), drain, ...after.map(({ k3s }) => k3s)],
      },
    );
    this.waitReady = new WaitReady(
      `${name}-wait-ready`,
      context,
      { node: node.plan, servers: servers.map(({ route }) => route), k3s: this.k3s, replaceCommand },
      { parent: this, dependsOn: [...createPodRoute(name, context, { node: node.plan, k3s: this.k3s }, this)] },
    );
    this.node = node;
    this.drain = drain;
    this.seen = this.waitReady.seen;
    this.registerOutputs({});
  }
}

/**
 * All servers have the same tokens. That of agents as they were told it: k3s writes the authority in front of what the file holds. So is that of
 * servers with an external datastore, from which each takes the authority by itself: there it asks no other server, and compares nothing.
 */
function joiningSecrets(access: pulumi.Output<ClusterAccess>, { datastore }: ClusterPlan): readonly SecretFile[] {
  const password = (token: string) => token.slice(token.lastIndexOf(":") + 1);
  return [
    { path: serverTokenFile, secret: access.apply(({ serverToken }) => (datastore === "external" ? password(serverToken) : serverToken)) },
    { path: clusterAgentTokenFile, secret: access.apply(({ agentToken }) => password(agentToken)) },
  ];
}
