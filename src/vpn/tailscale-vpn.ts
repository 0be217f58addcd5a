import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { TailscaleCredentials } from "../config/load";
import type { TailnetPlan } from "../plan/cluster-plan";
import { type Tell, previewPolicy } from "../tailnet/preview-policy";
import { Tailnet, type TailnetArgs } from "../tailnet/tailnet";
import { askControl } from "./ask-control";
import { tailnetInterface } from "./tailnet-interface";
import type { JoinKey, JoinKeyArgs, Vpn } from "./vpn";

/** The environment's names for the stack's credentials. */
const VARIABLES = {
  apiKey: "TAILSCALE_API_KEY",
  oauthClientId: "TAILSCALE_OAUTH_CLIENT_ID",
  oauthClientSecret: "TAILSCALE_OAUTH_CLIENT_SECRET",
} as const;
const NAMES = Object.keys(VARIABLES) as (keyof typeof VARIABLES)[];

/** A tailnet at Tailscale. */
export class TailscaleVpn implements Vpn {
  readonly interfaceName = tailnetInterface.interfaceName;
  readonly mtu = tailnetInterface.mtu;
  readonly hasPodRoutes = tailnetInterface.hasPodRoutes;
  readonly login = { server: "", caPem: "" };
  readonly access: Vpn["access"];
  private provider: tailscale.Provider | undefined;

  constructor(
    private readonly plan: TailnetPlan,
    private readonly credentials: TailscaleCredentials,
  ) {
    const { baseUrl, tailnet, apiKey, oauthClientId, oauthClientSecret } = credentials;
    this.access = { baseUrl, tailnet, apiKey, oauthClientId, oauthClientSecret, tag: plan.tag };
  }

  look(tell?: Tell, warn?: Tell): Promise<number> {
    return previewPolicy(this.plan, () => this.readPolicy(), tell, warn);
  }

  prepare(name: string, args: TailnetArgs, opts: pulumi.ComponentResourceOptions): Tailnet {
    this.provider = this.createProvider(`${name}-tailscale`, opts);
    return new Tailnet(name, args, opts);
  }

  createKey(name: string, args: JoinKeyArgs, opts: pulumi.CustomResourceOptions): JoinKey {
    return new tailscale.TailnetKey(
      name,
      {
        reusable: false,
        ephemeral: args.isEphemeral,
        preauthorized: true,
        tags: [this.plan.tag],
        expiry: args.expirySeconds,
        description: args.identity,
        // A used or expired key is as it should be; making it anew at a refresh would replace the node.
        recreateIfInvalid: "never",
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, ...(this.provider && { provider: this.provider }) }),
    );
  }

  private async readPolicy(): Promise<{ readonly text: string }> {
    const { baseUrl, tailnet } = this.credentials;
    if (this.isOverridden()) return askControl(this.access, (control) => control.readPolicy());
    try {
      return { text: (await tailscale.getAcl()).hujson };
    } catch (error) {
      const said = (error instanceof Error ? error.message : String(error)).trim();
      throw new pulumi.RunError(
        [
          `The policy of ${tailnet === "-" ? "the credential's tailnet" : `tailnet ${tailnet}`} could not be read at ${baseUrl}; nothing was changed. The answer was:`,
          `  ${said.replaceAll("\n", "\n  ")}`,
          "Check that the credential is a current one (config tailscale:oauthClientId and tailscale:oauthClientSecret, or tailscale:apiKey) with the scopes " +
            "policy_file, auth_keys and devices:core, each with write (README, step 2), that tailscale:tailnet names yours, if it is set, and that this machine reaches the API. Then run again.",
        ].join("\n"),
      );
    }
  }

  /**
   * The provider prefers what it is given to the environment (tailscale/terraform-provider-tailscale: tailscale/provider_sdk.go), the tools the
   * other way round, since a credential in the environment may be what is left after the stack's own died. So it is not given what the
   * environment has; that also stays out of the state. Under the default provider's keys this one takes its place without replacing them
   * (run on engine 3.225).
   */
  private createProvider(name: string, { parent }: pulumi.ComponentResourceOptions): tailscale.Provider {
    const isOutside = (field: string) => NAMES.some((name) => name === field && process.env[VARIABLES[name]]);
    const own = Object.fromEntries(Object.entries(this.credentials).filter(([field]) => !isOutside(field)));
    return new tailscale.Provider(name, own, { ...(parent && { parent }) });
  }

  /** Whether the environment has a credential beside the stack's. */
  private isOverridden(): boolean {
    return NAMES.some((field) => this.credentials[field] !== undefined) && NAMES.some((field) => process.env[VARIABLES[field]]);
  }
}
