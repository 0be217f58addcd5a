import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { ClusterContext } from "../cluster-context";
import { Leave } from "../membership/leave";
import { Preflight } from "../membership/preflight";
import type { BareMetalNodePlan } from "../plan/cluster-plan";
import type { HostRoute } from "../remote/connection";
import { RemoteScript } from "../remote/remote-script";
import { RemoteSecret } from "../remote/remote-secret";
import { replaceCommand } from "../remote/replace-command";
import type { JoinedNode } from "./node";

// Long enough for a slow host's join, short enough that a key that leaks is worthless the same day.
const KEY_SECONDS = 3600;
const JOIN_SECONDS = 180;

export interface BareMetalNodeArgs {
  readonly plan: BareMetalNodePlan;
  readonly context: ClusterContext;
}

/** A machine that is there already: looked at, then brought into the tailnet. preflight -> key -> leave -> auth-key file -> join. */
export class BareMetalNode extends pulumi.ComponentResource implements JoinedNode {
  readonly plan: BareMetalNodePlan;
  readonly route: HostRoute;
  readonly joined: RemoteScript;
  readonly tailnetIp: pulumi.Output<string>;
  readonly replaceCommand: pulumi.Output<string>;

  constructor(name: string, args: BareMetalNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:nodes:BareMetalNode", name, {}, opts);
    const { plan, context } = args;
    const after = (link: pulumi.Resource): pulumi.CustomResourceOptions => ({ parent: this, dependsOn: link });

    const preflight = new Preflight(`${name}-preflight`, context, plan, { parent: this });
    const route = { host: plan.host, ...(plan.bastion && { bastion: plan.bastion }), keys: preflight.keys };
    const key = createKey(`${name}-key`, args, after(preflight));
    const leave = new Leave(`${name}-leave`, context, plan, key, after(key));
    const keyFile = `/run/hybrid-k3s/${plan.name}/auth-key`;
    const secret = new RemoteSecret(
      `${name}-auth-key`,
      { secret: key.key, path: keyFile, route, credentials: context.ssh, previous: leave.id },
      after(leave),
    );
    this.replaceCommand = replaceCommand(key);
    this.joined = createJoin(
      `${name}-join`,
      args,
      { route, keyFile, previous: secret.id, replaceCommand: this.replaceCommand },
      after(secret),
    );

    this.plan = plan;
    this.route = route;
    this.tailnetIp = this.joined.result<{ tailnetIp: string }>().tailnetIp;
    this.registerOutputs({ tailnetIp: this.tailnetIp });
  }
}

function createKey(name: string, { plan, context }: BareMetalNodeArgs, opts: pulumi.CustomResourceOptions): tailscale.TailnetKey {
  return new tailscale.TailnetKey(
    name,
    {
      reusable: false,
      ephemeral: false,
      preauthorized: true,
      tags: [context.plan.tailnet.tag],
      expiry: KEY_SECONDS,
      description: plan.identity,
      // A used or expired key is as it should be; making it anew at a refresh would replace the node.
      recreateIfInvalid: "never",
    },
    pulumi.mergeOptions(opts, { deleteBeforeReplace: true }),
  );
}

interface JoinLink {
  readonly route: HostRoute;
  readonly keyFile: string;
  readonly previous: pulumi.Input<string>;
  readonly replaceCommand: pulumi.Output<string>;
}

function createJoin(name: string, { plan, context }: BareMetalNodeArgs, link: JoinLink, opts: pulumi.CustomResourceOptions): RemoteScript {
  const { tailnet, sources, podCidr } = context.plan;
  return new RemoteScript(
    name,
    {
      script: "join-tailnet",
      environment: {
        NODE_NAME: plan.name,
        CLUSTER_NAME: context.plan.name,
        OWNER: context.owner,
        TAG: tailnet.tag,
        POD_CIDR: podCidr,
        TAILSCALE_VERSION: sources.tailscaleVersion,
        TAILSCALE_URL: sources.tailscaleUrl,
        CA_PEM: sources.caPem,
        LOGIN_SERVER: "",
        AUTH_KEY_FILE: link.keyFile,
        WAIT_SECONDS: String(JOIN_SECONDS),
        REPLACE_COMMAND: link.replaceCommand,
      },
      route: link.route,
      credentials: context.ssh,
      previous: link.previous,
    },
    opts,
  );
}
