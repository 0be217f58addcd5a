import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { CloudNodePlan } from "../plan/cluster-plan";
import type { HostRoute } from "../remote/connection";
import { HostLink } from "../remote/host-link";
import { hostInput } from "../remote/tool-input";

export interface OperatorLoginArgs {
  readonly plan: CloudNodePlan;
  readonly route: HostRoute;
  /** Another one for each machine that was ever made. */
  readonly machineId: pulumi.Input<string>;
}

/** The operator's public key on a kept machine, whose user data counts at its first boot alone. Another key is placed by the old one, in place. */
export class OperatorLogin extends HostLink<object> {
  constructor(name: string, context: ClusterContext, { plan, route, machineId }: OperatorLoginArgs, opts: pulumi.CustomResourceOptions) {
    super(
      "Login",
      name,
      {
        provider: "login-provider",
        wanted: { node: plan.name, publicKey: plan.sshPublicKey },
        access: hostInput(context, route),
        previous: [machineId],
      },
      opts,
    );
  }
}
