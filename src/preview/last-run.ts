import type { ClusterStatus } from "../plan/cluster-status";
import type { NetworkStatus } from "../plan/network-status";
import type { NodeStatus } from "../plan/topology";
import { readStackOutputs, readStackResources } from "../undocumented-pulumi";

/** The stack's own outputs as the last run to its end left them; each is absent in a stack that never had it. */
export interface LastOutputs {
  readonly cluster?: ClusterStatus;
  readonly nodes?: readonly NodeStatus[];
  /** A secret, as the engine hands it over. */
  readonly operatorAccess?: { readonly serverTokens?: readonly string[] };
  readonly networks?: readonly NetworkStatus[];
}

/** A resource as the state holds it. */
export interface LastResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Each is asked once a run: the engine reads the whole state for it. */
let outputs: Promise<LastOutputs> | undefined;
let resources: Promise<Readonly<Record<string, LastResource>>> | undefined;

export function lastOutputs(): Promise<LastOutputs> {
  outputs ??= readStackOutputs() as Promise<LastOutputs>;
  return outputs;
}

/** All resources in the state by URN, also those of a run that failed before it could write outputs. It is much to hand over. */
export function lastResources(): Promise<Readonly<Record<string, LastResource>>> {
  resources ??= readStackResources() as Promise<Readonly<Record<string, LastResource>>>;
  return resources;
}

/** For tests, where one process sees several states. */
export function forgetLastRun(): void {
  outputs = undefined;
  resources = undefined;
}
