import type { Architecture, ImageName } from "../catalog/images";
import type { DrainPolicy } from "../config/schema";

/** One node; a union on `kind`. */
export type NodePlan = BareMetalNodePlan | CloudNodePlan;
export type CloudNodePlan = AwsNodePlan | AzureNodePlan;

export type NodeRole = "server" | "agent";

/** What a pool lets happen when nodes of it are removed or replaced. */
export interface RemovalPlan {
  /** Volumes that no other node can use may go with the node. */
  readonly removeData: boolean;
  /** Pods that are left after drainSeconds: `force` kills them, with `wait` the node stays and the run fails. */
  readonly drainPolicy: DrainPolicy;
}

/** How nodes of a pool are changed in place. */
export interface UpgradePlan {
  /** How many at the same time. */
  readonly maxUnavailable: number;
  /** Whether a node is emptied first. */
  readonly drain: boolean;
}

interface NodePlanBase {
  /** Node name, tailnet host name and prefix of the node's resource names: all the same. */
  readonly name: string;
  readonly pool: string;
  readonly role: NodeRole;
  /** Labels and taints that this stack owns on the Node, pool and provider labels included. */
  readonly labels: Readonly<Record<string, string>>;
  /** Each `key=value:Effect` or `key:Effect`. */
  readonly taints: readonly string[];
  readonly drainSeconds: number;
  readonly removal: RemovalPlan;
  readonly upgrade: UpgradePlan;
  /** Settings for /etc/rancher/k3s/config.yaml, save `server`, which is known only when the first server is in the tailnet. */
  readonly k3sConfig: Readonly<Record<string, K3sValue>>;
  /** Changes when the node must be made again (metal: generation, role, the cluster's name and networks). Goes into the key's description: at most 50 alphanumeric characters. */
  readonly identity: string;
  /** A machine that every connection to the node goes through. */
  readonly bastion?: SshTarget;
}

export type K3sValue = string | number | boolean | readonly string[];

export interface BareMetalNodePlan extends NodePlanBase {
  readonly kind: "bare-metal";
  readonly host: SshTarget;
}

interface CloudNodePlanBase extends NodePlanBase {
  readonly region: string;
  /** The cloud's own name of the zone (`eu-central-1a`; Azure: `1`); absent where the region has none, and in existing AWS subnets, which have their own. */
  readonly zone?: string;
  /** Name of the network in `ClusterPlan.networks` that it stands in. */
  readonly network: string;
  /** Whether the machine has a public address of its own; without, it is reached through the bastion or a route of the operator's. */
  readonly publicIp: boolean;
  readonly architecture: Architecture;
  readonly image: ImageName;
  /** Size of the encrypted system disk in GB (AWS: GiB). */
  readonly diskGb: number;
  /** Present on spot machines; without a ceiling price (US dollars an hour) the on-demand price is the ceiling. */
  readonly spot?: { readonly maxPrice?: number };
  /** The operator's public key, one line of authorized_keys. */
  readonly sshPublicKey: string;
}

export interface AwsNodePlan extends CloudNodePlanBase {
  readonly kind: "aws";
  readonly instanceType: string;
  /** The machine's network interface is tagged too, by resources of its own; absent: AWS makes it without tags. */
  readonly tagInterface?: true;
  /** Which of the network's subnets, by its name there; in an existing network, by the id that the config gives. */
  readonly subnet: string;
}

export interface AzureNodePlan extends CloudNodePlanBase {
  readonly kind: "azure";
  readonly vmSize: string;
  /** Which of the network's subnets, by its name there; in an existing network, by the id that the config gives. */
  readonly subnet: string;
}

/** A machine reached by SSH, its host key pinned. */
export interface SshTarget {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** As in a known_hosts line without the host: `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
}
