import type * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { SshTarget } from "../plan/cluster-plan";

/** How this stack proves itself to hosts. Without a key the operator's SSH agent is asked (`access.sshAgent`). */
export interface SshCredentials {
  readonly privateKey?: pulumi.Input<string>;
  readonly bastionPrivateKey?: pulumi.Input<string>;
  readonly sshAgent: boolean;
}

/** Where a node's scripts run: its machine, and the bastion on the way to it. */
export interface HostRoute {
  readonly host: SshTarget;
  readonly bastion?: SshTarget;
}

// Numbers of the dialling are part of each command's inputs: changing one runs every script of every stack again.
const DIAL = { dialErrorLimit: 5, perDialTimeout: 10 } as const;

/** Connection arguments for @pulumi/command, host keys pinned on both legs. */
export function connectionTo(route: HostRoute, credentials: SshCredentials): command.types.input.remote.ConnectionArgs {
  const { host, bastion } = route;
  const bastionKey = credentials.bastionPrivateKey ?? credentials.privateKey;
  return {
    ...leg(host, credentials.privateKey),
    ...(bastion && { proxy: leg(bastion, bastionKey) }),
  };
}

function leg(target: SshTarget, privateKey: pulumi.Input<string> | undefined) {
  return { host: target.address, port: target.port, user: target.user, hostKey: target.hostKey, ...DIAL, ...(privateKey !== undefined && { privateKey }) };
}
