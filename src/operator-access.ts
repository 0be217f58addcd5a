import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "./cluster-context";
import type { JoinedNode } from "./nodes/node";
import type { ClusterPlan } from "./plan/cluster-plan";
import { clusterInput } from "./remote/tool-input";

interface OperatorAccessArgs {
  readonly servers: readonly JoinedNode[];
  readonly agents: readonly JoinedNode[];
  /** Lets a server join, and reads every snapshot. */
  readonly serverToken: pulumi.Input<string>;
  /** Those of before, which older snapshots are read by. */
  readonly formerServerTokens: pulumi.Input<readonly string[]>;
  /** The line that reads the cluster's kubeconfig and tokens again. */
  readonly accessReplaceCommand: pulumi.Input<string>;
}

/** The vendor's control server, which every device logs in at. */
const TAILSCALE_CONTROL = "controlplane.tailscale.com";
const KUBELET_PORT = 10250;
/** How many server tokens the stack remembers: of the cluster, and of those that it was before it was made again. */
const MOST_TOKENS = 6;

/**
 * What the operator's command (src/cli) needs to know of the stack: hosts and how to get there, the tailnet, the server token and the S3 of
 * backups. One secret output, which that command alone reads.
 */
export function operatorAccess(context: ClusterContext, args: OperatorAccessArgs): pulumi.Output<unknown> {
  const { plan, ssh, s3Credentials } = context;
  const s3 = plan.backup?.s3;
  const known = pulumi.all([args.serverToken, args.formerServerTokens]);
  const access: Record<string, unknown> = {
    ...clusterInput(context),
    tailnet: { ...context.vpn.access, tag: plan.tailnet.tag },
    datastore: plan.datastore,
    servers: args.servers.map(routeOf),
    agents: args.agents.map(routeOf),
    credentials: ssh,
    serverTokens: known.apply(([now, former]) => [...new Set([now, ...former])].filter((token) => token !== "").slice(0, MOST_TOKENS)),
    ...(s3 !== undefined && s3Credentials !== undefined && { s3: { ...s3, ...s3Credentials } }),
    accessReplaceCommand: args.accessReplaceCommand,
    wanted: wantedOf(plan),
  };
  return pulumi.secret(pulumi.output(access));
}

/** What a node that is well has, and what it is looked at by. */
function wantedOf(plan: ClusterPlan): Record<string, string | boolean> {
  const { control, clientVersion, cluster } = plan.tailnet;
  return {
    k3sVersion: plan.k3sVersion,
    tailscaleVersion: clientVersion,
    podCidr: plan.podCidr,
    integration: plan.integration,
    probeImage: plan.probeImage,
    opensKubelets: cluster.nodePorts.includes(KUBELET_PORT),
    // A name that every cluster of this kind has to reach, so that no other is asked for.
    outsideName: control.mode === "headscale" ? new URL(control.loginServer).hostname : TAILSCALE_CONTROL,
  };
}

/** A node whose machine is not there yet has no address, and is left out of no list: with --continue-on-error the others are wanted all the same. */
function routeOf({ plan, route: { host, bastion } }: JoinedNode): Record<string, unknown> {
  return {
    name: plan.name,
    host: { ...host, address: pulumi.recover(pulumi.output(host.address), () => "") },
    ...(bastion && { bastion }),
    site: plan.kind === "bare-metal" ? plan.pool : `${plan.kind} ${plan.region}`,
    isCloud: plan.kind !== "bare-metal",
    isPublic: plan.kind !== "bare-metal" && plan.publicIp && bastion === undefined,
  };
}
