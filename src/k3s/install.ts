import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { JoinedNode } from "../nodes/node";
import { k3sChanges, upgradeTurn } from "../nodes/upgrade-turn";
import { type ClusterPlan, canGrow } from "../plan/cluster-plan";
import { agentTokenFile, renderK3sConfig } from "../plan/k3s-config";
import type { ServerRoute } from "../remote/connection";
import { RemoteScript, type SecretFile } from "../remote/remote-script";
import type { ReadAccess } from "./cluster-access";
import type { ApiService } from "../vpn/vpn";
import { datastoreSettings } from "./datastore-settings";

const START_SECONDS = 300;
/** Downloads over a slow line, another run's lock and a k3s that does not stop come before the start. */
const INSTALL_LIMIT_SECONDS = START_SECONDS + 1800;

export interface InstallArgs {
  readonly context: ClusterContext;
  readonly node: JoinedNode;
  /** Tailnet IPs of the servers that it may join: for an agent all, for a server the others. */
  readonly servers: readonly pulumi.Input<string>[];
  /** The node begins the cluster where no run has done that. */
  readonly mayBegin?: boolean;
  /** Secrets that a node needs to join and not to live. */
  readonly carriedFiles?: readonly SecretFile[];
  /** Of the cluster that an agent joins; absent on servers. */
  readonly cluster?: Omit<ReadAccess, "access">;
  /** The line that places an agent's token again; absent on servers. */
  readonly tokenReplaceCommand?: pulumi.Input<string>;
  /** Id of the node's drain: with another one the Node was deleted, and a kubelet registers its Node only when it starts. Absent on an only server. */
  readonly drainId?: pulumi.Input<string>;
  /** What this server stands behind; absent on agents. */
  readonly apiService?: ApiService | undefined;
  readonly previous: pulumi.Input<string>;
  /** The servers that say when the node may be changed in place, the first that answers; an only server itself. */
  readonly gates: readonly ServerRoute[];
}

/** What a host says of its k3s; the ends, in UTC, are absent where it cannot tell them. */
export interface InstallResult {
  readonly k3sVersion: string;
  /** When the first of k3s's own certificates on this host ends. */
  readonly certificatesEnd?: string;
  /** When the first of the cluster's authorities ends; absent on agents. */
  readonly authoritiesEnd?: string;
}

/** For lib-sqlite-copies.sh; nothing where k3s takes snapshots by itself. */
function copiesOf({ backup }: ClusterPlan): Readonly<Record<string, string>> {
  if (backup?.copies === undefined) return {};
  return { COPY_CALENDAR: backup.copies.calendar.join("\n"), COPY_RETENTION: String(backup.copies.retention) };
}

/** k3s on one node, by its installer: config file, what it knows of the VPN, start, wait for its own readiness. */
export function createInstall(name: string, args: InstallArgs, opts: pulumi.CustomResourceOptions): RemoteScript<InstallResult> {
  const { context, node } = args;
  const { plan } = context;
  const grows = canGrow(plan);
  const datastore = datastoreSettings(context, node.plan);
  // The address of an only server is part of the work. Where there may be several the host finds one that lives when it needs it, and nothing runs for others.
  const serverIp = pulumi.output((grows ? undefined : args.servers[0]) ?? "");
  return new RemoteScript<InstallResult>(
    name,
    {
      node: node.plan.name,
      script: "install-k3s",
      environment: {
        NODE_NAME: node.plan.name,
        ROLE: node.plan.role,
        INTEGRATION: plan.integration,
        ...(plan.integration === "routes" && { POD_CIDR: plan.podCidr }),
        K3S_VERSION: plan.k3sVersion,
        RELEASES_URL: plan.sources.k3sReleasesUrl,
        INSTALLER_URL: plan.sources.k3sInstallerUrl,
        ...(plan.sources.k3sInstallerSum !== "" && { INSTALLER_SHA256: plan.sources.k3sInstallerSum }),
        ...(plan.sources.withImages && { WITH_IMAGES: "true" }),
        CA_PEM: plan.sources.caPem,
        CONFIG_YAML: serverIp.apply((ip) => renderK3sConfig(node.plan, ip === "" ? undefined : ip)),
        LOGIN_SERVER: context.vpn.login.server,
        AGENT_TOKEN_FILE: node.plan.role === "agent" ? agentTokenFile : "",
        SERVER_IP: serverIp,
        TOKEN_REPLACE_COMMAND: args.tokenReplaceCommand ?? "",
        ...(args.cluster !== undefined && {
          CLUSTER_ID: args.cluster.clusterId,
          CLUSTER_AUTHORITY: args.cluster.authority,
        }),
        ...(grows && { SEVERAL_SERVERS: "true" }),
        ...datastore?.environment,
        ...(grows && plan.allowDistantServers && { ALLOW_DISTANT: "true" }),
        ...(args.apiService && {
          API_SERVICE: args.apiService.name,
          API_SERVICE_ADDRESSES: args.apiService.addresses.apply((addresses) => addresses.join(" ")),
        }),
        ...(plan.allowUntestedK3s && { ALLOW_UNTESTED: "true" }),
        ...(node.plan.role === "server" && copiesOf(plan)),
        ...(args.drainId !== undefined && { DRAIN_ID: args.drainId }),
        WAIT_SECONDS: String(START_SECONDS),
      },
      hints: {
        ...(args.cluster !== undefined && { ACCESS_REPLACE_COMMAND: args.cluster.replaceCommand }),
        // The one that begins waits for nobody.
        ...(grows && args.mayBegin && { MAY_BEGIN: "true" }),
        ...(grows && !args.mayBegin && { SERVER_IPS: pulumi.all([...args.servers]).apply((ips) => ips.join(" ")) }),
      },
      ...(datastore && { secretFiles: datastore.secretFiles }),
      ...(args.carriedFiles && { carriedFiles: args.carriedFiles }),
      route: node.route,
      credentials: context.ssh,
      previous: args.previous,
      upgrade: upgradeTurn(node.plan, k3sChanges, args.gates),
      limitSeconds: INSTALL_LIMIT_SECONDS,
    },
    opts,
  );
}
