import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { WaitReady, type ReadyResult } from "../nodes/wait-ready";
import type { JoinedNode } from "../nodes/node";
import type { HostRoute } from "../remote/connection";
import type { RemoteScript } from "../remote/remote-script";
import { createPodRoute } from "../vpn/tailnet/pod-route";
import { createInstall } from "./install";
import { type ClusterAccess, type ReadAccess, readAccess } from "./cluster-access";

export interface K3sServerArgs {
  readonly context: ClusterContext;
  readonly node: JoinedNode;
}

/** The first server: install -> route -> wait-ready, and beside it the credentials that the others and the operator need. */
export class K3sServer extends pulumi.ComponentResource {
  readonly route: HostRoute;
  readonly k3s: RemoteScript;
  readonly access: pulumi.Output<ClusterAccess>;
  readonly cluster: Omit<ReadAccess, "access">;
  readonly waitReady: WaitReady;
  readonly node: JoinedNode;
  readonly seen: pulumi.Output<ReadyResult>;

  constructor(name: string, args: K3sServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:k3s:K3sServer", name, {}, opts);
    const { context, node } = args;
    const { joined, replaceCommand } = node;
    this.route = node.route;
    this.k3s = createInstall(
      `${name}-install`,
      { context, node, previous: joined.id, gate: { name, route: node.route } },
      { parent: this, dependsOn: joined },
    );
    const { access, ...cluster } = readAccess(`${name}-access`, { context, node, k3s: this.k3s }, { parent: this, dependsOn: this.k3s });
    this.access = access;
    this.cluster = cluster;
    this.waitReady = new WaitReady(
      `${name}-wait-ready`,
      context,
      { node: node.plan, route: node.route, k3s: this.k3s, replaceCommand },
      { parent: this, dependsOn: [...createPodRoute(name, context, { node: node.plan, k3s: this.k3s }, this)] },
    );
    this.node = node;
    this.seen = this.waitReady.seen;
    this.registerOutputs({});
  }
}
