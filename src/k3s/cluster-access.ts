import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { ServerRoute } from "../remote/connection";
import { configDigest } from "../plan/node-identity";
import { RemoteScript } from "../remote/remote-script";
import { replaceCommand } from "../remote/replace-command";

/** What only servers know; a secret as a whole. */
export interface ClusterAccess {
  /** Lets a node join as an agent and nothing more. */
  readonly agentToken: string;
  /** Lets a node join as a server, and reads every snapshot. */
  readonly serverToken: string;
  /** k3s's own admin kubeconfig, which names 127.0.0.1. */
  readonly kubeconfig: string;
}

const READ_LIMIT_SECONDS = 300;

export interface ReadAccess {
  readonly id: pulumi.Output<string>;
  readonly access: pulumi.Output<ClusterAccess>;
  /** Id of the namespace kube-system: stays while the cluster does, whatever its certificates. No secret. */
  readonly clusterId: pulumi.Output<string>;
  /** SHA-256 of the authority that the agents' token names. No secret. */
  readonly authority: pulumi.Output<string>;
  /** The line that reads all of it again. */
  readonly replaceCommand: pulumi.Output<string>;
}

interface ReadAccessArgs {
  readonly context: ClusterContext;
  /** The first that answers is asked. */
  readonly servers: readonly ServerRoute[];
  /** The id that makes it run as new; default: none does. */
  readonly previous?: pulumi.Input<string>;
  /** When the servers' certificates end; read again where they are others. Default: whatever they are. */
  readonly certificates?: pulumi.Input<string>;
}

/** Reads the tokens and the admin kubeconfig from a server; again after each upgrade or change of its settings, because k3s renews certificates at a start. */
export function readAccess(name: string, args: ReadAccessArgs, opts: pulumi.CustomResourceOptions): ReadAccess {
  const { context, servers, previous = "", certificates } = args;
  const { firstServer } = context.plan;
  const script = new RemoteScript<ClusterAccess & { readonly clusterId: string }>(
    name,
    {
      node: firstServer.name,
      script: "read-cluster",
      environment: {
        CONFIG_DIGEST: configDigest(context.plan, firstServer),
        ...(certificates !== undefined && { CERTIFICATES: certificates }),
      },
      route: servers,
      credentials: context.ssh,
      previous,
      secretResult: true,
      limitSeconds: READ_LIMIT_SECONDS,
    },
    opts,
  );
  const read = script.printed();
  const access = read.apply(({ agentToken = "", serverToken = "", kubeconfig = "" }: Partial<ClusterAccess>) => ({
    agentToken,
    serverToken,
    kubeconfig: Buffer.from(kubeconfig, "base64").toString("utf8"),
  }));
  return {
    id: script.id,
    access: pulumi.secret(access),
    clusterId: pulumi.unsecret(read.apply(({ clusterId = "" }: { readonly clusterId?: string }) => clusterId)),
    authority: pulumi.unsecret(access.apply(({ agentToken }) => /^K10([0-9a-f]+)::/.exec(agentToken)?.[1] ?? "")),
    replaceCommand: replaceCommand(script),
  };
}
