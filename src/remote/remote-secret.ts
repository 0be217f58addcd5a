import { posix } from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type HostRoute, type SshCredentials, connectionTo } from "./connection";
import { asRoot, type SecretFile } from "./remote-script";
import { shellQuote } from "./shell-quote";

export interface RemoteSecretArgs extends SecretFile {
  readonly route: HostRoute;
  readonly credentials: SshCredentials;
  /** The id of the link before this one; a new id places the secret anew. */
  readonly previous: pulumi.Input<string>;
}

// Written beside and renamed, so that a reader never sees half a secret. Constant text: the secret is on stdin.
const WRITE = 'umask 077 && mkdir -p "$1" && cat >"$2.new" && mv -f "$2.new" "$2"';

/** One secret placed in one file that only root reads. */
export class RemoteSecret extends command.remote.Command {
  constructor(name: string, args: RemoteSecretArgs, opts: pulumi.CustomResourceOptions) {
    const words = [
      "timeout",
      "60",
      "sh",
      "-c",
      shellQuote(WRITE),
      "write-secret",
      shellQuote(posix.dirname(args.path)),
      shellQuote(args.path),
    ];
    super(
      name,
      {
        connection: connectionTo(args.route, args.credentials),
        create: asRoot(args.route, words.join(" ")),
        stdin: pulumi.secret(args.secret),
        triggers: [args.previous],
        addPreviousOutputInEnv: false,
        logging: "none",
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, additionalSecretOutputs: ["stdout", "stderr"] }),
    );
  }
}
