import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../undocumented-pulumi";
import type { JoinKeyArgs, Vpn } from "../vpn";

export interface HeadscaleKeyArgs extends Omit<JoinKeyArgs, "isServer"> {
  readonly cluster: string;
  readonly tags: readonly string[];
  readonly access: Vpn["access"];
}

/** A preauth key of headscale for one login; expired when it is deleted. */
export class HeadscaleKey extends DynamicResource {
  declare readonly key: pulumi.Output<string>;

  constructor(
    name: string,
    { cluster, tags, access, expirySeconds, isEphemeral, identity }: HeadscaleKeyArgs,
    opts: pulumi.CustomResourceOptions,
  ) {
    super(
      "vpn/tailnet:Key",
      name,
      {
        provider: "headscale-key-provider",
        wanted: { cluster, tags, expirySeconds, isEphemeral, identity },
        access: pulumi.secret(pulumi.jsonStringify({ tailnet: access })),
        key: undefined,
        left: undefined,
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, additionalSecretOutputs: ["access", "key"] }),
    );
  }
}
