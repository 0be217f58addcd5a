import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { ClusterContext } from "../cluster-context";
import { Reach } from "./reach";
import type { CloudNodePlan } from "../plan/cluster-plan";
import { agentTokenFile } from "../plan/k3s-config";
import type { HostRoute } from "../remote/connection";
import { replaceCommand } from "../remote/replace-command";
import { type JoinChain, createJoinChain } from "./join-chain";
import { cloudUser, renderUserData } from "../clouds/user-data";

const CLOUD_INIT_SECONDS = 300;
const SSH_PORT = 22;

/** The machine's only SSH host key, made by the stack so that the first connection is pinned already, and the user data that places it. */
export interface FirstBoot {
  readonly hostKey: pulumi.Output<string>;
  readonly userData: pulumi.Output<string>;
}

export function createFirstBoot(name: string, plan: CloudNodePlan, parent: pulumi.Resource): FirstBoot {
  const key = new tls.PrivateKey(`${name}-host-key`, { algorithm: "ED25519" }, { parent });
  const hostKey = key.publicKeyOpenssh.apply((text) => text.trim());
  const userData = pulumi
    .all([key.privateKeyOpenssh, hostKey])
    .apply(([hostPrivateKey, hostPublicKey]) =>
      renderUserData({ nodeName: plan.name, hostPrivateKey, hostPublicKey, sshPublicKey: plan.sshPublicKey }),
    );
  return { hostKey, userData: pulumi.secret(userData) };
}

export interface CloudMachine {
  readonly vm: pulumi.CustomResource;
  /** Another one for each machine that was ever made, whatever its name: the chain hangs on it. */
  readonly id: pulumi.Output<string>;
  readonly address: pulumi.Output<string>;
  readonly hostKey: pulumi.Output<string>;
  /** Where the cloud's machines ask for what concerns them, user data included. */
  readonly metadataAddresses: readonly string[];
}

export interface CloudNodeArgs {
  readonly plan: CloudNodePlan;
  readonly context: ClusterContext;
  /**
   * What an agent joins the cluster with. Beside a first server on metal a machine boots for longer than that takes to make it; beside one in a
   * cloud, joining waits for it at the first `up`. Absent on servers.
   */
  readonly agentToken?: pulumi.Input<string>;
}

/** vm -> (reach | key -> leave) -> join. */
export function joinMachine(
  name: string,
  { plan, context, agentToken }: CloudNodeArgs,
  machine: CloudMachine,
  parent: pulumi.Resource,
): JoinChain & { readonly route: HostRoute } {
  const { vm, id, address, hostKey } = machine;
  const host = { address, port: SSH_PORT, user: cloudUser, hostKey };
  const route = { host, ...(plan.bastion && { bastion: plan.bastion }) };
  const anew = replaceCommand(vm);
  const reach = new Reach(`${name}-reach`, context, { node: plan, machine: route, id, replaceCommand: anew }, { parent, dependsOn: vm });
  const chain = createJoinChain(
    name,
    {
      plan,
      context,
      route,
      before: { key: [vm], session: reach },
      // Another machine needs another key: the old one is used.
      identity: id.apply((known) => createHash("sha256").update(`${plan.identity} ${known}`).digest("hex").slice(0, 32)),
      // A node that was away for an hour must not lose its address. A spot machine does not come back, and its device goes by itself.
      isEphemeral: plan.role === "agent" && plan.spot !== undefined,
      ...(agentToken !== undefined && { placed: [{ path: agentTokenFile, secret: agentToken }] }),
      cloud: { CLOUD_INIT_SECONDS: String(CLOUD_INIT_SECONDS), METADATA_ADDRESSES: machine.metadataAddresses.join("\n") },
      replaceCommand: anew,
    },
    parent,
  );
  return { ...chain, route };
}

/** What every resource of the cluster carries in the clouds. */
export function cloudTags(cluster: string, plan?: CloudNodePlan): Record<string, string> {
  return {
    "hybrid-k3s-cluster": cluster,
    ...(plan && { "hybrid-k3s-pool": plan.pool, "hybrid-k3s-node": plan.name }),
  };
}
