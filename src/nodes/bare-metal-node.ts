import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { Preflight } from "./preflight";
import type { BareMetalNodePlan } from "../plan/cluster-plan";
import type { HostRoute } from "../remote/connection";
import type { RemoteScript } from "../remote/remote-script";
import { createJoinChain } from "./join-chain";
import type { JoinedBy, JoinedNode } from "./node";

export interface BareMetalNodeArgs {
  readonly plan: BareMetalNodePlan;
  readonly context: ClusterContext;
  /** What must stand before the node's auth key is made. Looking at the host goes on beside it. */
  readonly before: readonly pulumi.Resource[];
}

/** A machine that is there already: looked at, then brought into the tailnet. preflight -> key -> cleanup -> join. */
export class BareMetalNode extends pulumi.ComponentResource implements JoinedNode {
  readonly plan: BareMetalNodePlan;
  readonly route: HostRoute;
  readonly joined: RemoteScript;
  readonly joinedBy: JoinedBy;
  /** Hosts join while the server's k3s starts, which makes the token. */
  readonly holdsToken = false;
  readonly tailnetIp: pulumi.Output<string>;
  readonly replaceCommand: pulumi.Output<string>;

  constructor(name: string, args: BareMetalNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:nodes:BareMetalNode", name, {}, opts);
    const { plan, context, before } = args;
    const preflight = new Preflight(`${name}-preflight`, context, plan, { parent: this });
    const route = { host: plan.host, ...(plan.bastion && { bastion: plan.bastion }) };
    const chain = createJoinChain(
      name,
      {
        plan,
        context,
        cleaned: plan,
        route,
        before: { key: [preflight, ...before], session: preflight },
        identity: plan.identity,
        isEphemeral: false,
        cloud: {},
      },
      this,
    );

    this.plan = plan;
    this.route = route;
    this.joined = chain.joined;
    this.joinedBy = chain.joinedBy;
    this.tailnetIp = chain.tailnetIp;
    this.replaceCommand = chain.replaceCommand;
    this.registerOutputs({ tailnetIp: this.tailnetIp });
  }
}
