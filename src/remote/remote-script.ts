import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type HostRoute, type SshCredentials, connectionTo } from "./connection";
import { printedResult } from "./printed-result";
import { type ScriptName, renderScript, renderSecretFile } from "./render-script";

export interface SecretFile {
  /** Absolute path on the host; its folder is made with mode 0700, the file with 0600. */
  readonly path: string;
  readonly secret: pulumi.Input<string>;
}

export interface RemoteScriptArgs {
  readonly script: ScriptName;
  /** Nothing secret: it is shown in previews, unless the script has secret files. */
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  readonly route: HostRoute;
  readonly credentials: SshCredentials;
  /** Secrets that are read from files: placed there by the same session before the script starts, kept out of previews and the log. */
  readonly secretFiles?: readonly SecretFile[];
  /** The id of the link before this one; a new id makes this one run as new. */
  readonly previous: pulumi.Input<string>;
  /** The result is a secret: kept out of the log, encrypted in the state. Default: false. */
  readonly secretResult?: boolean;
}

/** One script run on one host as root. A changed script or environment runs it again in place; it has no delete, so a dead host cannot block a removal. */
export class RemoteScript extends command.remote.Command {
  constructor(name: string, args: RemoteScriptArgs, opts: pulumi.CustomResourceOptions) {
    const shell = `sh -s -- ${args.script}`;
    super(
      name,
      {
        connection: connectionTo(args.route, args.credentials),
        create: asRoot(args.route, shell),
        stdin: renderInput(args),
        triggers: [args.previous],
        addPreviousOutputInEnv: false,
        ...(args.secretResult && { logging: "none" }),
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, ...(args.secretResult && { additionalSecretOutputs: ["stdout"] }) }),
    );
  }

  /** The script's result: the last line of its stdout, JSON by contract. */
  result<T>(): pulumi.Output<T> {
    return this.stdout.apply((text) => printedResult<T>(text));
  }
}

function renderInput({ script, environment, secretFiles = [] }: RemoteScriptArgs): pulumi.Output<string> {
  const text = pulumi.output(environment).apply((settings) => renderScript(script, settings));
  if (secretFiles.length === 0) return text;
  const files = secretFiles.map(({ path, secret }) =>
    // Undefined where `pulumi up --target` leaves the secret unmade, and this command with it.
    pulumi.output<string | undefined>(secret).apply((known = "") => renderSecretFile(path, known)),
  );
  return pulumi.secret(pulumi.all([...files, text]).apply((parts) => parts.join("")));
}

/** The command as root on this host: by sudo without a password unless root itself logs in. */
export function asRoot(route: HostRoute, shell: string): string {
  return route.host.user === "root" ? shell : `sudo -n ${shell}`;
}
