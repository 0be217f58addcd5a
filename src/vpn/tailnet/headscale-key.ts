import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../undocumented-pulumi";
import type { JoinKeyArgs, Vpn } from "../vpn";

export interface HeadscaleKeyArgs extends JoinKeyArgs {
  readonly cluster: string;
  readonly tag: string;
  readonly access: Vpn["access"];
}

/** A preauth key of headscale for one login; expired when it is deleted. */
export class HeadscaleKey extends DynamicResource {
  declare readonly key: pulumi.Output<string>;

  constructor(name: string, { cluster, tag, access, ...key }: HeadscaleKeyArgs, opts: pulumi.CustomResourceOptions) {
    super(
      "vpn/tailnet:Key",
      name,
      {
        provider: "headscale-key-provider",
        wanted: { cluster, tags: [tag], ...key },
        access: pulumi.secret(pulumi.jsonStringify({ tailnet: access })),
        key: undefined,
        left: undefined,
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, additionalSecretOutputs: ["access", "key"] }),
    );
  }
}
