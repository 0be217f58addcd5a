import * as pulumi from "@pulumi/pulumi";
import type { HostRoute, ServerRoute, SshCredentials } from "./connection";
import { HostLink } from "./host-link";
import { serversFields } from "./tool-input";

/** Scripts of src/host-scripts that the program runs on hosts. (preflight-host, clean-host and drain-node are run by their own tools.) */
export type ScriptName = "join-tailnet" | "install-k3s" | "read-cluster" | "wait-ready" | "place-s3-settings";

export interface SecretFile {
  /** Absolute path on the host; its folder is made with mode 0700, the file with 0600. */
  readonly path: string;
  readonly secret: pulumi.Input<string>;
}

/** Nodes that are changed in place a few at a time (operator-tools/host/upgrade-node.mjs). */
export interface UpgradeTurn {
  /** Settings in `environment` whose change takes a turn. */
  readonly changes: readonly string[];
  /** Nodes that take turns with each other: a pool, or all servers. */
  readonly group: string;
  /** How many of them may be changed at the same time. */
  readonly atOnce: number;
  /** The servers, of which the first that answers says when the node may be changed and whether it went well. Default: nobody is asked. */
  readonly gate?: { readonly hosts: readonly ServerRoute[]; readonly role: "server" | "agent"; readonly drainSeconds?: number };
}

export interface RemoteScriptArgs {
  /** The node that the script is about. */
  readonly node: string;
  /** What the host that it runs on is called in messages; default: as the node. */
  readonly on?: string;
  /** Default: none, the secret files alone are placed. */
  readonly script?: ScriptName;
  /** Names as the script's header lists them. Nothing secret: it is shown in previews. Default: nothing. */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Environment that only saves time or is advice: with another one nothing runs. Default: nothing. */
  readonly hints?: Readonly<Record<string, pulumi.Input<string>>>;
  /** The host that it runs on, or the servers, of which the first that answers runs it. */
  readonly route: HostRoute | readonly ServerRoute[];
  readonly credentials: SshCredentials;
  /** Secrets that are read from files: placed by the same session before the script starts, kept out of previews and the log. */
  readonly secretFiles?: readonly SecretFile[];
  /** Secret files that only a run which happens for other reasons needs: with others nothing runs. Default: none. */
  readonly carriedFiles?: readonly SecretFile[];
  /** The id of the link before this one; a new id makes this one run as new. */
  readonly previous: pulumi.Input<string>;
  /** The longest that it may take on the host, in seconds: more than the waits within it together. */
  readonly limitSeconds: number;
  /** How the script's change of a living node takes turns with that of others. Default: at once. */
  readonly upgrade?: UpgradeTurn;
  /** The result is a secret: kept out of the log, encrypted in the state. Default: false. */
  readonly secretResult?: boolean;
}

/** The version of the tools' input, see operator-tools/run/input.mjs. */
const INPUT_VERSION = 1;

/** One script run on one host as root. A changed script, environment or secret file runs it again in place. */
export class RemoteScript<Result = object> extends HostLink<Result> {
  constructor(name: string, args: RemoteScriptArgs, opts: pulumi.CustomResourceOptions) {
    const {
      node,
      on,
      script,
      environment = {},
      hints,
      upgrade,
      route,
      credentials,
      secretFiles,
      carriedFiles,
      previous,
      limitSeconds,
      secretResult,
    } = args;
    super(
      "Script",
      name,
      {
        provider: "script-provider",
        wanted: { node, ...(script !== undefined && { script }), environment },
        ...(secretFiles && { secrets: secretFiles }),
        access: {
          v: INPUT_VERSION,
          ...(on !== undefined && { on }),
          ...(isList(route) ? serversFields(route) : { host: route.host, ...(route.bastion && { bastion: route.bastion }) }),
          credentials,
          limitSeconds,
          ...(hints && { hints }),
          ...(upgrade && { upgrade }),
          ...(carriedFiles && { carried: carriedFiles }),
        },
        previous: [previous],
        ...(secretResult !== undefined && { secretResult }),
      },
      opts,
    );
  }

  /** The script's result: the last line of its stdout, JSON by contract. */
  printed(): pulumi.Output<Result> {
    return pulumi.output(this.result.apply((found) => found ?? {})) as pulumi.Output<Result>;
  }
}

function isList(route: RemoteScriptArgs["route"]): route is readonly ServerRoute[] {
  return Array.isArray(route);
}
