import type * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "./plan/cluster-plan";
import type { SshCredentials } from "./remote/connection";

/** How the tailnet's API is reached by the tools; the Pulumi provider reads the same settings by itself. */
export interface TailnetCredentials {
  readonly baseUrl: string;
  /** Tailnet name, `-` for the credential's own. */
  readonly tailnet: string;
  readonly apiKey?: pulumi.Input<string>;
  readonly oauthClientId?: pulumi.Input<string>;
  readonly oauthClientSecret?: pulumi.Input<string>;
}

/** What every component of one cluster shares: the plan, and the credentials that only Pulumi knows. */
export interface ClusterContext {
  readonly plan: ClusterPlan;
  /** `<project>/<stack>`: stands in each host's owner marker. */
  readonly owner: string;
  readonly ssh: SshCredentials;
  readonly tailnet: TailnetCredentials;
}
