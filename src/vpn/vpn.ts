import type * as pulumi from "@pulumi/pulumi";
import type { PolicyTraits } from "../operator-tools/policy/cluster-rules.cjs";

/**
 * What a VPN must give this program: the one door through which another way of joining machines comes in. One implementation for each
 * `vpn.mode` that is built (create-vpn.ts). Joining, and the node's IP that it finds out, are join-tailnet.sh's; leaving is the tool cleanup's.
 */
export interface Vpn {
  /** Whether the VPN carries each node's podCIDR as a route; otherwise k3s wraps pod packets itself. */
  readonly hasPodRoutes: boolean;
  /** Where nodes log in, in the words of join-tailnet.sh. */
  readonly login: VpnLogin;
  /** How tools reach the VPN's control server, as `tailnet` in their input: leaving, routes, the policy. Credentials included. */
  readonly access: Readonly<Record<string, pulumi.Input<string> | undefined>>;
  /** Reads the policy as it is, at preview too. Throws one RunError where the control server or its credential cannot be used. */
  readPolicy(): Promise<LivePolicy>;
  /** What must stand before the first node joins, and goes after the last one has left. */
  prepare(name: string, args: PrepareArgs, opts: pulumi.ComponentResourceOptions): Prepared;
  /** What lets one node in, once. */
  createKey(name: string, args: JoinKeyArgs, opts: pulumi.CustomResourceOptions): JoinKey;
}

/** What stands before the first node joins. */
export type Prepared = pulumi.Resource & { readonly apiService?: ApiService | undefined };

/** One name and address for the API of all servers. */
export interface ApiService {
  /** In the words of install-k3s.sh. */
  readonly name: string;
  /** The IPv4 address first. */
  readonly addresses: pulumi.Output<readonly string[]>;
}

/** The policy as it is, and what its control server makes of it; traits and page are absent at Tailscale. */
export interface LivePolicy {
  readonly text: string;
  readonly traits?: PolicyTraits;
  readonly policyPage?: string;
}

export interface PrepareArgs {
  /** What the tools are told of the cluster (clusterInput), credentials included. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Lines of the live policy that this run adds or takes away. */
  readonly linesToChange: number;
  /** What must have passed before the policy is written. */
  readonly after: readonly pulumi.Resource[];
}

export interface VpnLogin {
  /** URL of the control server; empty: the vendor's own. */
  readonly server: string;
  /** PEM text of the authority that signed its certificate; empty: the hosts' own store. */
  readonly caPem: string;
}

export interface JoinKeyArgs {
  readonly expirySeconds: number;
  readonly isEphemeral: boolean;
  /** A server with etcd gets what only servers may: the way to one another's. */
  readonly isServer: boolean;
  /** Another one makes another key: at most 50 alphanumeric characters. */
  readonly identity: pulumi.Input<string>;
}

export type JoinKey = pulumi.CustomResource & { readonly key: pulumi.Output<string> };
