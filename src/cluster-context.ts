import type { TailscaleCredentials } from "./config/load";
import type { ClusterPlan } from "./plan/cluster-plan";
import type { SshCredentials } from "./remote/connection";

/** What every component of one cluster shares: the plan, and the credentials that only Pulumi knows. */
export interface ClusterContext {
  readonly plan: ClusterPlan;
  /** `<project>/<stack>`: stands in each host's owner marker. */
  readonly owner: string;
  readonly ssh: SshCredentials;
  /** How the tools reach the tailnet's API; the Pulumi provider reads the same settings by itself. */
  readonly tailnet: TailscaleCredentials;
}
