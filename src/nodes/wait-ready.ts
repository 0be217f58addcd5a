import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { type NodePlan, hasSeveralServers, hasVoters } from "../plan/cluster-plan";
import { configDigest } from "../plan/node-identity";
import type { ServerRoute } from "../remote/connection";
import { RemoteScript } from "../remote/remote-script";

const READY_SECONDS = 240;
/** Two waits, another run's lock before them, and kubectl. */
const READY_LIMIT_SECONDS = 2 * READY_SECONDS + 720;

/** What a server saw of a node that is Ready and whose pods the others reach. */
export interface ReadyResult {
  readonly tailnetIp: string;
  readonly podCidr: string;
  readonly path: "direct" | "relay" | "self" | "unknown";
}

export interface WaitReadyArgs {
  readonly node: NodePlan;
  /** The servers: the first that answers runs the script. */
  readonly servers: readonly ServerRoute[];
  readonly k3s: { readonly id: pulumi.Output<string> };
  readonly replaceCommand: pulumi.Input<string>;
}

/** Waits on a server until the node is Ready, a server until it votes, and its pods are reached; reconciles its labels and taints. One session, on a server. */
export class WaitReady extends RemoteScript<ReadyResult> {
  readonly seen: pulumi.Output<ReadyResult>;

  constructor(name: string, context: ClusterContext, args: WaitReadyArgs, opts: pulumi.CustomResourceOptions) {
    const { node } = args;
    super(
      name,
      {
        node: node.name,
        ...(!hasSeveralServers(context.plan) && { on: context.plan.firstServer.name }),
        script: "wait-ready",
        environment: {
          NODE_NAME: node.name,
          TAG: context.plan.tailnet.tag,
          INTEGRATION: context.plan.integration,
          ...(context.vpn.login.server !== "" && { LOGIN_SERVER: context.vpn.login.server }),
          LABELS: Object.entries(node.labels)
            .map(([key, value]) => `${key}=${value}`)
            .join("\n"),
          TAINTS: node.taints.join("\n"),
          ...(hasVoters(context.plan) && node.role === "server" && { VOTER: "true" }),
          CONFIG_DIGEST: configDigest(context.plan, node),
          WAIT_SECONDS: String(READY_SECONDS),
          REPLACE_COMMAND: args.replaceCommand,
        },
        route: args.servers,
        credentials: context.ssh,
        previous: args.k3s.id,
        limitSeconds: READY_LIMIT_SECONDS,
      },
      opts,
    );
    this.seen = this.printed();
  }
}
