import type * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { SshTarget } from "../plan/cluster-plan";

/** How this stack proves itself to hosts. Without a key the operator's SSH agent is asked (`access.sshAgent`). */
export interface SshCredentials {
  readonly privateKey?: pulumi.Input<string>;
  readonly bastionPrivateKey?: pulumi.Input<string>;
  readonly sshAgent: boolean;
}

/** The host keys that @pulumi/command will be shown on the way; see tools/lib/host-keys.mjs. */
export interface MetHostKeys {
  readonly hostKey: string;
  readonly bastionHostKey?: string;
}

/** A machine reached by SSH; a cloud tells its address, and the stack makes its host key, only while it runs. */
export interface HostTarget {
  readonly address: pulumi.Input<string>;
  readonly port: number;
  readonly user: string;
  readonly hostKey: pulumi.Input<string>;
}

/** Where a node's scripts run: its machine, and the bastion on the way to it. */
export interface HostRoute {
  readonly host: HostTarget;
  readonly bastion?: SshTarget;
  /** Proven over a connection that the pinned keys opened: what @pulumi/command pins in their place. */
  readonly keys: pulumi.Output<MetHostKeys>;
}

// Numbers of the dialling are part of each command's inputs: changing one runs every script of every stack again.
const DIAL = { dialErrorLimit: 5, perDialTimeout: 10 } as const;

/** Connection arguments for @pulumi/command, host keys pinned on both legs. */
export function connectionTo(route: HostRoute, credentials: SshCredentials): command.types.input.remote.ConnectionArgs {
  const { host, bastion, keys } = route;
  const bastionKey = credentials.bastionPrivateKey ?? credentials.privateKey;
  return {
    ...leg(host, keys.hostKey, credentials.privateKey),
    ...(bastion && {
      proxy: leg(
        bastion,
        keys.apply(({ bastionHostKey }) => bastionHostKey ?? bastion.hostKey),
        bastionKey,
      ),
    }),
  };
}

function leg({ address, port, user }: HostTarget, hostKey: pulumi.Input<string>, privateKey: pulumi.Input<string> | undefined) {
  return { host: address, port, user, hostKey, ...DIAL, ...(privateKey !== undefined && { privateKey }) };
}
