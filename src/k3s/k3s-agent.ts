import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { Drain } from "../nodes/drain";
import { WaitReady, type ReadyResult } from "../nodes/wait-ready";
import type { JoinedNode } from "../nodes/node";
import { agentTokenFile } from "../plan/k3s-config";
import { RemoteScript } from "../remote/remote-script";
import { replaceCommand } from "../remote/replace-command";
import { createPodRoute } from "../vpn/tailnet/pod-route";
import { createInstall } from "./install";
import type { K3sServer } from "./k3s-server";

const TOKEN_LIMIT_SECONDS = 60;

export interface K3sAgentArgs {
  readonly context: ClusterContext;
  readonly node: JoinedNode;
  readonly server: K3sServer;
  readonly serverIp: pulumi.Input<string>;
}

/** One agent: (drain | token file, where join has not placed it) -> install -> route -> wait-ready. */
export class K3sAgent extends pulumi.ComponentResource {
  readonly node: JoinedNode;
  readonly drain: Drain;
  readonly seen: pulumi.Output<ReadyResult>;

  constructor(name: string, args: K3sAgentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:k3s:K3sAgent", name, {}, opts);
    const { context, node, server, serverIp } = args;
    const { joined, plan, route } = node;
    const after = (...links: pulumi.Resource[]): pulumi.CustomResourceOptions => ({ parent: this, dependsOn: links });

    // With the first server's k3s gone in the same run there is no cluster left to drain: `destroy` skips this delete.
    const drain = new Drain(`${name}-drain`, context, plan, server.route, joined, { ...after(joined), deletedWith: server.k3s });
    const secretFiles = [{ secret: server.access.agentToken, path: agentTokenFile }];
    const placing = { node: name, secretFiles, route, credentials: context.ssh, previous: joined.id, limitSeconds: TOKEN_LIMIT_SECONDS };
    const token = node.holdsToken ? joined : new RemoteScript(`${name}-token`, placing, after(joined, server.k3s));
    const previous = pulumi.interpolate`${drain.id} ${token.id} ${server.k3s.id}`;
    const tokenReplaceCommand = replaceCommand(token);
    // As text also where `pulumi up --target` leaves drain unmade, which then has no id.
    const drainId = pulumi.interpolate`${drain.id}`;
    const gate = { name: server.node.plan.name, route: server.route };
    const install = { context, node, serverIp, cluster: server.cluster, tokenReplaceCommand, drainId, previous, gate };
    const k3s = createInstall(`${name}-install`, install, after(drain, token, server.k3s));
    const waitReady = new WaitReady(
      `${name}-wait-ready`,
      context,
      { node: plan, route: server.route, k3s, replaceCommand: node.replaceCommand },
      after(...createPodRoute(name, context, { node: plan, k3s }, this)),
    );

    this.node = node;
    this.drain = drain;
    this.seen = waitReady.seen;
    this.registerOutputs({});
  }
}
