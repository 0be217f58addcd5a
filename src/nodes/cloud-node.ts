import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { CloudMachine } from "../clouds/cloud-machine";
import { cloudUser } from "../clouds/user-data";
import type { ClusterContext } from "../cluster-context";
import { isKept } from "../clouds/kept-server";
import type { CloudNodePlan } from "../plan/cluster-plan";
import { agentTokenFile } from "../plan/k3s-config";
import type { HostRoute } from "../remote/connection";
import type { RemoteScript } from "../remote/remote-script";
import { replaceCommand } from "../remote/replace-command";
import { type JoinChain, createJoinChain } from "./join-chain";
import type { JoinedBy, JoinedNode, NodeMachine } from "./node";
import { OperatorLogin } from "./operator-login";
import { WaitForSsh } from "./wait-for-ssh";

const CLOUD_INIT_SECONDS = 300;
const SSH_PORT = 22;

export interface CloudNodeArgs {
  readonly plan: CloudNodePlan;
  readonly context: ClusterContext;
  /**
   * What an agent joins the cluster with. Beside a first server on metal a machine boots for longer than that takes to make it; beside one in a
   * cloud, joining waits for it at the first `up`. Absent on servers.
   */
  readonly agentToken?: pulumi.Input<string>;
}

/** A cloud's machine that becomes a node. vm -> (wait-for-ssh -> login, on a kept server | key -> cleanup) -> join. */
export abstract class CloudNode<Args extends CloudNodeArgs> extends pulumi.ComponentResource implements JoinedNode {
  readonly plan: CloudNodePlan;
  readonly route: HostRoute;
  readonly joined: RemoteScript;
  readonly joinedBy: JoinedBy;
  readonly holdsToken: boolean;
  readonly tailnetIp: pulumi.Output<string>;
  readonly replaceCommand: pulumi.Output<string>;
  readonly machine: NodeMachine;

  constructor(type: string, name: string, args: Args, opts?: pulumi.ComponentResourceOptions) {
    super(type, name, {}, opts);
    const machine = this.createMachine(name, args);
    const chain = joinMachine(name, args, machine, this);
    this.plan = args.plan;
    this.route = chain.route;
    this.joined = chain.joined;
    this.joinedBy = chain.joinedBy;
    this.holdsToken = args.agentToken !== undefined;
    this.tailnetIp = chain.tailnetIp;
    this.replaceCommand = chain.replaceCommand;
    this.machine = { id: machine.id, resourceId: machine.vm.id, type: machine.type, typeNow: machine.typeNow };
    this.registerOutputs({ tailnetIp: this.tailnetIp });
  }

  protected abstract createMachine(name: string, args: Args): CloudMachine;
}

function joinMachine(
  name: string,
  { plan, context, agentToken }: CloudNodeArgs,
  machine: CloudMachine,
  parent: pulumi.Resource,
): JoinChain & { readonly route: HostRoute } {
  const { vm, id, address, hostKey } = machine;
  const host = { address, port: SSH_PORT, user: cloudUser, hostKey };
  const route = { host, ...(plan.bastion && { bastion: plan.bastion }) };
  const remake = replaceCommand(vm);
  const waitForSsh = new WaitForSsh(
    `${name}-wait-for-ssh`,
    context,
    { node: plan, machine: route, id, replaceCommand: remake },
    { parent, dependsOn: vm },
  );
  const login = isKept(plan, context.plan)
    ? new OperatorLogin(`${name}-login`, context, { plan, route, machineId: id }, { parent, dependsOn: waitForSsh })
    : waitForSsh;
  const chain = createJoinChain(
    name,
    {
      plan,
      context,
      route,
      before: { key: [vm], session: login },
      // Another machine needs another key: the old one is used.
      identity: id.apply((known) => createHash("sha256").update(`${plan.identity} ${known}`).digest("hex").slice(0, 32)),
      // A node that was away for an hour must not lose its address. A spot machine does not come back, and its device goes by itself.
      isEphemeral: plan.role === "agent" && plan.spot !== undefined,
      ...(agentToken !== undefined && { placed: [{ path: agentTokenFile, secret: agentToken }] }),
      cloud: { CLOUD_INIT_SECONDS: String(CLOUD_INIT_SECONDS), METADATA_ADDRESSES: machine.metadataAddresses.join("\n") },
      replaceCommand: remake,
    },
    parent,
  );
  return { ...chain, route };
}
