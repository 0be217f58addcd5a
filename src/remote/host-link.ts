import * as pulumi from "@pulumi/pulumi";
import { DynamicResource, type ProviderName, dynamicType } from "../undocumented-pulumi";

/** A script's type as the state names it. */
export const scriptType = dynamicType("remote:Script");

export interface HostLinkArgs {
  readonly provider: ProviderName;
  /** The work, as the provider's tool reads it; shown in previews. Another one is done again in place. */
  readonly wanted: Readonly<Record<string, unknown>>;
  /** Secrets that belong to the work: another one is placed in place. */
  readonly secrets?: pulumi.Input<unknown>;
  /** How to get to the host, credentials included: a secret, and no part of the work. */
  readonly access: pulumi.Input<Record<string, unknown>>;
  /** The ids or facts that make this link run as new when they change. */
  readonly previous: readonly pulumi.Input<string>[];
  /** The result is a secret: encrypted in the state. Default: false. */
  readonly secretResult?: boolean;
}

/**
 * One link of a node's chain (operator-tools/run/link-provider.cjs). It has no delete, so that a dead host cannot block a removal. All links of a
 * run share one process, and those of one host a connection, which is closed when they are done.
 */
export class HostLink<Result> extends DynamicResource {
  /** Empty where `pulumi up --target` leaves the link unmade; nothing that needs it is made then either. */
  declare protected readonly result: pulumi.Output<Result | undefined>;

  constructor(type: "Script" | "Preflight" | "Login", name: string, args: HostLinkArgs, opts: pulumi.CustomResourceOptions) {
    super(
      `remote:${type}`,
      name,
      {
        provider: args.provider,
        wanted: args.wanted,
        ...(args.secrets !== undefined && { secrets: pulumi.secret(pulumi.jsonStringify(args.secrets)) }),
        access: pulumi.secret(pulumi.jsonStringify(args.access)),
        previous: pulumi.all([...args.previous]).apply((ids) => ids.join(" ")),
        result: undefined,
      },
      pulumi.mergeOptions(opts, {
        deleteBeforeReplace: true,
        additionalSecretOutputs: ["access", "secrets", ...(args.secretResult ? ["result"] : [])],
      }),
    );
  }
}
