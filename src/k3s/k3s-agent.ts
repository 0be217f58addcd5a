import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { Member } from "../nodes/member";
import { Ready, type ReadyResult } from "../nodes/ready";
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

/** One agent: (member | token file, where join has not placed it) -> k3s -> route -> ready. */
export class K3sAgent extends pulumi.ComponentResource {
  readonly node: JoinedNode;
  readonly member: Member;
  readonly seen: pulumi.Output<ReadyResult>;

  constructor(name: string, args: K3sAgentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:k3s:K3sAgent", name, {}, opts);
    const { context, node, server, serverIp } = args;
    const { joined, plan, route } = node;
    const after = (...links: pulumi.Resource[]): pulumi.CustomResourceOptions => ({ parent: this, dependsOn: links });

    // With the first server's k3s gone in the same run there is no cluster left to drain: `destroy` skips this delete.
    const member = new Member(`${name}-member`, context, plan, server.route, joined, { ...after(joined), deletedWith: server.k3s });
    const secretFiles = [{ secret: server.access.agentToken, path: agentTokenFile }];
    const placing = { node: name, secretFiles, route, credentials: context.ssh, previous: joined.id, limitSeconds: TOKEN_LIMIT_SECONDS };
    const token = node.holdsToken ? joined : new RemoteScript(`${name}-token`, placing, after(joined, server.k3s));
    const previous = pulumi.interpolate`${member.id} ${token.id} ${server.k3s.id}`;
    const tokenReplaceCommand = replaceCommand(token);
    // As text also where `pulumi up --target` leaves member unmade, which then has no id.
    const memberId = pulumi.interpolate`${member.id}`;
    const install = { context, node, serverIp, cluster: server.cluster, tokenReplaceCommand, memberId, previous };
    const k3s = createInstall(`${name}-k3s`, install, after(member, token, server.k3s));
    const ready = new Ready(
      `${name}-ready`,
      context,
      { node: plan, route: server.route, k3s, replaceCommand: node.replaceCommand },
      after(...createPodRoute(name, context, { node: plan, k3s }, this)),
    );

    this.node = node;
    this.member = member;
    this.seen = ready.seen;
    this.registerOutputs({});
  }
}
