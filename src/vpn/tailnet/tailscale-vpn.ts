import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { TailscaleCredentials } from "../../config/load";
import type { TailnetPlan } from "../../plan/cluster-plan";
import { tagsOf } from "./node-tags";
import { Tailnet } from "./tailnet";
import { askControl } from "./ask-control";
import type { JoinKey, JoinKeyArgs, LivePolicy, PrepareArgs, Vpn } from "../vpn";

/** Where the API does not answer, the policy cannot be read either, and that is told. */
const TAGS_LIMITS = { requestMs: 5000, totalMs: 5000 };
const VARIABLES = ["TAILSCALE_OAUTH_CLIENT_ID", "TAILSCALE_OAUTH_CLIENT_SECRET", "TAILSCALE_API_KEY"];

/** A tailnet at Tailscale. */
export class TailscaleVpn implements Vpn {
  readonly hasPodRoutes = true;
  readonly login = { server: "", caPem: "" };
  readonly access: Vpn["access"];

  constructor(
    private readonly plan: TailnetPlan,
    private readonly credentials: TailscaleCredentials,
  ) {
    this.access = { ...credentials, tag: plan.tag };
  }

  prepare(name: string, args: PrepareArgs, opts: pulumi.ComponentResourceOptions): Tailnet {
    return new Tailnet(name, { ...args, plan: this.plan }, opts);
  }

  createKey(name: string, args: JoinKeyArgs, opts: pulumi.CustomResourceOptions): JoinKey {
    return new tailscale.TailnetKey(
      name,
      {
        reusable: false,
        ephemeral: args.isEphemeral,
        preauthorized: true,
        tags: tagsOf(this.plan, args),
        expiry: args.expirySeconds,
        description: args.identity,
        // A used or expired key is as it should be; making it again at a refresh would replace the node.
        recreateIfInvalid: "never",
      },
      // A living server that comes to need another tag gets it in place (server-tag.ts); another key would be another login.
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, ...(args.isServer && { ignoreChanges: ["tags"] }) }),
    );
  }

  /** Refuses a client that may not make the nodes' keys, which would be told so only once the policy is written. */
  async readPolicy(): Promise<LivePolicy> {
    const [live, tags] = await Promise.all([this.fetchPolicy(), this.clientTags()]);
    const { mayMakeKeys } = await import("../../operator-tools/policy/index.mjs");
    const { tag, serverTag, tagOwners } = this.plan.cluster;
    if (tags === undefined || mayMakeKeys(live.text, { tag, serverTag, tagOwners }, tags)) return live;
    const wanted = serverTag === undefined ? tag : `${tag} and ${serverTag}`;
    throw new pulumi.RunError(
      `The OAuth client has the tag${tags.length > 1 ? "s" : ""} ${tags.join(", ")}, and none of them gives out ${wanted}: it could make no node's auth key; nothing was changed. ` +
        `Give the client one of vpn.tagOwners (${tagOwners.join(", ")}) at https://login.tailscale.com/admin/settings/oauth (docs/tailscale.md, step 2), or name the client's tag there.`,
    );
  }

  /** Of the client that makes keys: the provider prefers the stack's own to the environment's. What cannot be asked is told by those who need it. */
  private async clientTags(): Promise<readonly string[] | undefined> {
    const { oauthClientId, oauthClientSecret, apiKey } = this.credentials;
    if (apiKey !== undefined) return undefined;
    const isOwn = oauthClientId !== undefined && oauthClientSecret !== undefined;
    if (!isOwn && !process.env["TAILSCALE_OAUTH_CLIENT_SECRET"]) return undefined;
    try {
      return await askControl(this.access, async (control) => control.clientTags?.(), {
        env: isOwn ? {} : process.env,
        limits: TAGS_LIMITS,
      });
    } catch (error) {
      if (pulumi.RunError.isInstance(error)) return undefined;
      throw error;
    }
  }

  private async fetchPolicy(): Promise<LivePolicy> {
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
            "policy_file, auth_keys and devices:core, each with write (docs/tailscale.md, step 2), that tailscale:tailnet names yours, if it is set, and that this machine reaches the API. Then run again.",
        ].join("\n"),
      );
    }
  }

  /**
   * Whether the environment has a credential beside the stack's. The provider prefers the stack's own (tailscale/terraform-provider-tailscale:
   * tailscale/provider_sdk.go), the tools the environment's, which may be what is left after the other died.
   */
  private isOverridden(): boolean {
    const { apiKey, oauthClientId, oauthClientSecret } = this.credentials;
    const isGiven = [apiKey, oauthClientId, oauthClientSecret].some((credential) => credential !== undefined);
    return isGiven && VARIABLES.some((name) => process.env[name]);
  }
}
