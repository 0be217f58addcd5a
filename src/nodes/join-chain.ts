import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { Cleanup } from "./cleanup";
import type { Machine } from "../remote/tool-input";
import type { JoinedBy } from "./node";
import type { NodePlan } from "../plan/cluster-plan";
import type { HostRoute } from "../remote/connection";
import { RemoteScript, type SecretFile } from "../remote/remote-script";
import { tailscaledChanges, upgradeTurn } from "./upgrade-turn";
import { replaceCommand } from "../remote/replace-command";

// Long enough for a slow host's join, short enough that a key that leaks is worthless the same day.
const KEY_SECONDS = 3600;
const JOIN_SECONDS = 180;
/** A first boot that goes on, downloads over a slow line and another run's lock come before the wait for the tailnet. */
const JOIN_LIMIT_SECONDS = JOIN_SECONDS + 1800;

export interface JoinChainArgs {
  readonly plan: NodePlan;
  readonly context: ClusterContext;
  /** The host that `cleanup` cleans; absent where the machine goes with the node. */
  readonly cleaned?: Machine;
  readonly route: HostRoute;
  /** The links before the key, and what must have happened before the first session of the chain. */
  readonly before: { readonly key: readonly pulumi.Resource[]; readonly session: pulumi.Resource };
  /** Changes with the machine: at most 50 alphanumeric characters, because it is the key's description. */
  readonly identity: pulumi.Input<string>;
  readonly isEphemeral: boolean;
  /** What join places for the links behind it, which then need no session of their own for that. Default: nothing. */
  readonly placed?: readonly SecretFile[];
  /** What join does beside joining; empty where the machine is not a cloud's. */
  readonly cloud: CloudJoin;
  /** The line that makes the node again; default: a new auth key. */
  readonly replaceCommand?: pulumi.Output<string>;
}

export interface CloudJoin {
  /** How long join waits for cloud-init; empty: not at all. */
  readonly CLOUD_INIT_SECONDS?: string;
  /** Addresses of the cloud's metadata services, which pods must not reach. */
  readonly METADATA_ADDRESSES?: string;
}

export interface JoinResult {
  readonly tailnetIp: string;
}

export interface JoinChain {
  readonly joinedBy: JoinedBy;
  readonly joined: RemoteScript<JoinResult>;
  readonly tailnetIp: pulumi.Output<string>;
  readonly replaceCommand: pulumi.Output<string>;
}

/** key -> cleanup -> join: a machine that SSH reaches becomes a device of the tailnet. */
export function createJoinChain(name: string, args: JoinChainArgs, parent: pulumi.Resource): JoinChain {
  const { plan, context, before } = args;
  const after = (...links: pulumi.Resource[]): pulumi.CustomResourceOptions => ({ parent, dependsOn: links });

  const key = context.vpn.createKey(
    `${name}-key`,
    { expirySeconds: KEY_SECONDS, isEphemeral: args.isEphemeral, isServer: plan.role === "server", identity: args.identity },
    after(...before.key),
  );
  const cleanup = new Cleanup(`${name}-cleanup`, context, plan, args.cleaned, key, after(key));
  const replace = args.replaceCommand ?? replaceCommand(key);
  const link = { authKey: key.key, previous: cleanup.id, replaceCommand: replace };
  const joined = createJoin(`${name}-join`, args, link, after(cleanup, before.session));
  const joinedBy = { name, key, cleanup, replaceCommand: replace };
  return { joined, joinedBy, tailnetIp: joined.printed().tailnetIp, replaceCommand: replace };
}

interface JoinLink {
  readonly authKey: pulumi.Input<string>;
  readonly previous: pulumi.Input<string>;
  readonly replaceCommand: pulumi.Output<string>;
}

function createJoin(name: string, args: JoinChainArgs, link: JoinLink, opts: pulumi.CustomResourceOptions): RemoteScript<JoinResult> {
  const { plan, context } = args;
  const { tailnet, sources, podCidr, backup } = context.plan;
  const keyFile = `/run/hybrid-k3s/${plan.name}/auth-key`;
  return new RemoteScript<JoinResult>(
    name,
    {
      node: plan.name,
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
        LOGIN_SERVER: context.vpn.login.server,
        ...(context.vpn.login.caPem !== "" && { CONTROL_CA_PEM: context.vpn.login.caPem }),
        AUTH_KEY_FILE: keyFile,
        WAIT_SECONDS: String(JOIN_SECONDS),
        REPLACE_COMMAND: link.replaceCommand,
        ...(plan.role === "server" && backup?.copies !== undefined && { NODE_PROGRAMS: "sqlite3" }),
        ...args.cloud,
      },
      hints: { K3S_VERSION: context.plan.k3sVersion, RELEASES_URL: sources.k3sReleasesUrl },
      // One session less than a secret placed by itself, and the key is of no use to anything else.
      secretFiles: [{ path: keyFile, secret: link.authKey }, ...(args.placed ?? [])],
      route: args.route,
      credentials: context.ssh,
      previous: link.previous,
      // An agent's join says itself that its routes are served again; of a server the others must vote before, and it afterwards.
      upgrade: upgradeTurn(plan, tailscaledChanges, plan.role === "server" ? [{ name: plan.name, ...args.route }] : undefined),
      limitSeconds: JOIN_LIMIT_SECONDS,
    },
    opts,
  );
}
