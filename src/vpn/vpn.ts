import type * as pulumi from "@pulumi/pulumi";
import type { TailnetArgs } from "./tailnet/tailnet";

/**
 * What a VPN must give this program: the one door through which another way of joining machines comes in. One implementation for each
 * `vpn.mode` that is built (create-vpn.ts). Joining, and the node's IP that it finds out, are join-tailnet.sh's; leaving is the tool leave's.
 */
export interface Vpn {
  /** The network interface on every node, and what one packet on it may hold. */
  readonly interfaceName: string;
  readonly mtu: number;
  /** Whether the VPN carries each node's podCIDR as a route; otherwise k3s wraps pod packets itself. */
  readonly hasPodRoutes: boolean;
  /** Where nodes log in, in the words of join-tailnet.sh. */
  readonly login: VpnLogin;
  /** How tools reach the VPN's control server, as `tailnet` in their input: leaving, routes, the policy. Credentials included. */
  readonly access: Readonly<Record<string, pulumi.Input<string> | undefined>>;
  /** Looks at what is there, at preview too, and changes nothing: the lines of the policy that this run will change. Throws one RunError where it cannot be used. */
  look(): Promise<number>;
  /** What must stand before the first node joins, and goes after the last one has left. */
  prepare(name: string, args: TailnetArgs, opts: pulumi.ComponentResourceOptions): pulumi.Resource;
  /** What lets one node in, once. */
  createKey(name: string, args: JoinKeyArgs, opts: pulumi.CustomResourceOptions): JoinKey;
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
  /** Another one makes another key: at most 50 alphanumeric characters. */
  readonly identity: pulumi.Input<string>;
}

export type JoinKey = pulumi.CustomResource & { readonly key: pulumi.Output<string> };
