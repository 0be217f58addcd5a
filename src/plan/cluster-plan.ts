import type { Datastore, Integration } from "../config/schema";
import type { AclRule, GrantRule, PolicyCluster } from "../operator-tools/policy/cluster-rules.cjs";
import type { BackupPlan } from "./plan-backup";
import type { CloudNetworkPlan } from "./network-plan";
import type { NodePlan, RemovalPlan } from "./node-plan";

/** Everything that a run will make, as plain data: no Output, no secret, no clock. What is here decides which resources exist. */
export interface ClusterPlan {
  /** Cluster name: the kubeconfig's context, the default tag's suffix, the owner marker on hosts. */
  readonly name: string;
  readonly k3sVersion: string;
  /** A k3s that is refused otherwise is taken with a warning: on hosts an older one, or one that skips a minor. */
  readonly allowUntestedK3s: boolean;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** Host name for the kubeconfig's server; absent: the first server's tailnet IP. */
  readonly apiEndpoint?: string;
  /** The next `up` may replace or remove the only server (and with it the cluster). */
  readonly allowServerReplacement: boolean;
  /** How pods cross the tailnet: `k3s` and `routes` as its routes, by k3s's VPN flag or without, `flannel-iface` in flannel's vxlan from node to node. */
  readonly integration: Integration;
  readonly tailnet: TailnetPlan;
  readonly sources: SourcesPlan;
  /** What holds the cluster's data; `sqlite` on one server alone. With `external` its endpoint and files are secrets, and no part of the plan. */
  readonly datastore: Datastore;
  /** Which external datastore it is, as far as that may be seen: config/values/datastore-marks.ts. */
  readonly datastoreMarks?: readonly string[];
  /** It may be another than before. */
  readonly allowDatastoreMove: boolean;
  /** Image of the pods that `hybrid-k3s verify` looks from. */
  readonly probeImage: string;
  /** Servers may stand further apart than etcd likes. */
  readonly allowDistantServers: boolean;
  /** Snapshots as the config asks for them; absent: as k3s takes them by default, of SQLite none. */
  readonly backup?: BackupPlan;
  /** The server that begins the cluster. Once it stands, with several servers none is special. */
  readonly firstServer: NodePlan;
  /** All servers, in the order of the config: 1, 3, 5 or 7; any number with an external datastore. */
  readonly servers: readonly NodePlan[];
  /** All nodes, the first server first, then in the order of the config. */
  readonly nodes: readonly NodePlan[];
  /** By pool, also of pools without a node. */
  readonly removals: Readonly<Record<string, RemovalPlan>>;
  /** Cloud networks that a node of this plan stands in; none without such a node. */
  readonly networks: readonly CloudNetworkPlan[];
  /** What the cloud pools cost while they stand, as a table; absent where no pool with nodes has an hourlyPrice. */
  readonly costs?: string;
  /** Things that the user should read but that stop nothing; shown once by index.ts. */
  readonly warnings: readonly string[];
}

/** Whether the cluster has servers that can stand in for one another. */
export function hasSeveralServers({ servers }: Pick<ClusterPlan, "servers">): boolean {
  return servers.length > 1;
}

/**
 * Whether servers can come and go while the cluster lives, an only one among them: with etcd or an external datastore, at addresses that no release
 * changes. Then nothing of a server says how many there are, and none restarts when their number changes.
 */
export function canGrow({ datastore, integration }: Pick<ClusterPlan, "datastore" | "integration">): boolean {
  return datastore !== "sqlite" && integration !== "k3s";
}

/** Whether such servers are members of etcd, of which more than half must stay. */
export function hasVoters(plan: Pick<ClusterPlan, "datastore" | "integration">): boolean {
  return canGrow(plan) && plan.datastore === "etcd";
}

/** The tailnet as this cluster needs it. */
export interface TailnetPlan {
  readonly control: ControlPlan;
  readonly tag: string;
  /** The tailscale that nodes get. */
  readonly clientVersion: string;
  /** `own`: the whole policy file is this stack's. `merge`: it holds this cluster's lines beside others'. `none`: somebody else writes them. */
  readonly policyMode: "own" | "merge" | "none";
  /** The whole file as `own` writes it. */
  readonly policy: PolicyDocument;
  /** What the policy must hold for this cluster, in every mode. */
  readonly cluster: PolicyCluster;
  /** The Tailscale Service in front of the servers' API. */
  readonly apiService?: ApiServicePlan;
  /** Defined by `own`. By name with `group:`. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

/** A Tailscale Service, whose hosts are the servers. */
export interface ApiServicePlan {
  /** `svc:` included. */
  readonly name: string;
  /** Says in the tailnet whose it is. */
  readonly comment: string;
  /** What its hosts must serve, each `tcp:PORT`. */
  readonly ports: string[];
}

/** Who hands out keys, devices, routes and the policy. */
export type ControlPlan =
  | { readonly mode: "tailscale" }
  | {
      readonly mode: "headscale";
      /** URL without a trailing slash. */
      readonly loginServer: string;
      /** PEM text of the CA that signed its certificate; empty: the hosts' own store. */
      readonly caPem: string;
    };

/** A tailnet policy file (https://tailscale.com/kb/1337/policy-syntax), the part that we write. */
export interface PolicyDocument {
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly tagOwners: Readonly<Record<string, readonly string[]>>;
  readonly autoApprovers?: Readonly<Partial<Record<"routes" | "services", Readonly<Record<string, readonly string[]>>>>>;
  readonly acls: readonly AclRule[];
  /** What acls cannot say. */
  readonly grants?: readonly GrantRule[];
}

/** Where hosts fetch programs from: the vendors, or a mirror in the vendors' own layout. URLs without a trailing slash. */
export interface SourcesPlan {
  readonly tailscaleVersion: string;
  /** Holds `tailscale_<version>_<arch>.tgz` and `.tgz.sha256`. Default: https://pkgs.tailscale.com/stable */
  readonly tailscaleUrl: string;
  /** The installer script of that very release: https://raw.githubusercontent.com/k3s-io/k3s/v1.35.4%2Bk3s1/install.sh. A mirror without it: `<mirror.k3s>/install.sh`. */
  readonly k3sInstallerUrl: string;
  /** SHA-256 that the installer must have; empty: the one that stands beside it. */
  readonly k3sInstallerSum: string;
  /** Release downloads: `<url>/<version, + as %2B>/k3s` and `sha256sum-<arch>.txt`. Default: https://github.com/k3s-io/k3s/releases/download */
  readonly k3sReleasesUrl: string;
  /** Whether hosts take k3s's images from the same place, where it has them: a mirror. Otherwise they come from their registries. */
  readonly withImages: boolean;
  /** PEM text of the CA that signs the mirror; empty: the host's own store. */
  readonly caPem: string;
}

export type { BackupPlan, CopiesPlan, S3Plan } from "./plan-backup";
export type { AwsNetworkPlan, AzureNetworkPlan, CloudNetworkPlan, SubnetPlan } from "./network-plan";
export type {
  AwsNodePlan,
  AzureNodePlan,
  BareMetalNodePlan,
  CloudNodePlan,
  K3sValue,
  NodePlan,
  NodeRole,
  RemovalPlan,
  SshTarget,
  UpgradePlan,
} from "./node-plan";
