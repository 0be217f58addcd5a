import type * as pulumi from "@pulumi/pulumi";
import type { SshTarget } from "../plan/cluster-plan";

/** How this stack proves itself to hosts. Without a key the operator's SSH agent is asked (`access.sshAgent`). */
export interface SshCredentials {
  readonly privateKey?: pulumi.Input<string>;
  readonly bastionPrivateKey?: pulumi.Input<string>;
  readonly sshAgent: boolean;
}

/** A machine reached by SSH; a cloud tells its address, and the stack makes its host key, only while it runs. */
export interface HostTarget {
  readonly address: pulumi.Input<string>;
  readonly port: number;
  readonly user: string;
  /** The key that it is pinned to, as the user or the stack wrote it. */
  readonly hostKey: pulumi.Input<string>;
}

/** Where a node's scripts run: its machine, and the bastion on the way to it. */
export interface HostRoute {
  readonly host: HostTarget;
  readonly bastion?: SshTarget;
}

/** A server of the cluster, for what is done on any of them. */
export interface ServerRoute extends HostRoute {
  readonly name: string;
}
