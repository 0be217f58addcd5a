import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { Drain } from "../nodes/drain";
import { WaitReady, type ReadyResult } from "../nodes/wait-ready";
import type { JoinedNode } from "../nodes/node";
import { agentTokenFile } from "../plan/k3s-config";
import { RemoteScript } from "../remote/remote-script";
import { replaceCommand } from "../remote/replace-command";
import { createPodRoute } from "../vpn/tailnet/pod-route";
import { type InstallResult, createInstall } from "./install";
import type { ControlPlane } from "./k3s-servers";

const TOKEN_LIMIT_SECONDS = 60;

export interface K3sAgentArgs {
  readonly context: ClusterContext;
  readonly node: JoinedNode;
  readonly control: ControlPlane;
  /** What only `destroy` removes. */
  readonly cluster: pulumi.Resource;
}

/** One agent: (drain | token file, where join has not placed it) -> install -> route -> wait-ready. */
export class K3sAgent extends pulumi.ComponentResource {
  readonly node: JoinedNode;
  readonly drain: Drain;
  readonly k3s: RemoteScript<InstallResult>;
  readonly seen: pulumi.Output<ReadyResult>;

  constructor(name: string, args: K3sAgentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:k3s:K3sAgent", name, {}, opts);
    const { context, node, control, cluster } = args;
    const { only, access, routes, places } = control;
    const { joined, plan, route } = node;
    const after = (...links: pulumi.Resource[]): pulumi.CustomResourceOptions => ({ parent: this, dependsOn: links });

    // What changes comes to servers first. A cluster that only begins has its first one, and nodes join while the others do.
    const before = (control.hasBegun ? control.servers : control.servers.slice(0, 1)).map(({ k3s }) => k3s);

    // With an only server's k3s gone in the same run there is no cluster left to drain: `destroy` skips this delete.
    const drain = new Drain(`${name}-drain`, context, plan, route, routes, joined, { ...after(joined), deletedWith: only?.k3s ?? cluster });
    const secretFiles = [{ secret: access.access.agentToken, path: agentTokenFile }];
    const placing = { node: name, secretFiles, route, credentials: context.ssh, previous: joined.id, limitSeconds: TOKEN_LIMIT_SECONDS };
    const token = node.holdsToken ? joined : new RemoteScript(`${name}-token`, placing, after(joined, ...before));
    // No server's: another cluster is seen by its id and authority, and a server that is made again concerns no agent.
    const previous = pulumi.all([drain.id, token.id]).apply((ids) => ids.join(" "));
    const tokenReplaceCommand = replaceCommand(token);
    // As text also where `pulumi up --target` leaves drain unmade, which then has no id.
    const drainId = pulumi.interpolate`${drain.id}`;
    const servers = places.map(({ tailnetIp }) => tailnetIp);
    const install = { context, node, servers, cluster: access, tokenReplaceCommand, drainId, previous, gates: routes };
    this.k3s = createInstall(`${name}-install`, install, after(drain, token, ...before));
    const waitReady = new WaitReady(
      `${name}-wait-ready`,
      context,
      { node: plan, servers: routes, k3s: this.k3s, replaceCommand: node.replaceCommand },
      after(...createPodRoute(name, context, { node: plan, k3s: this.k3s }, this)),
    );

    this.node = node;
    this.drain = drain;
    this.seen = waitReady.seen;
    this.registerOutputs({});
  }
}
