import type { PolicyCluster } from "./policy/index.mjs";

/** How this cluster stands in the tailnet's policy. */
export interface PolicyNeeds {
  readonly mode: "own" | "merge" | "none";
  /** The whole file, as `own` writes it. */
  readonly document: string;
  readonly cluster: PolicyCluster;
  /** Of the stack's config, by name without `group:`. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Where an operator edits the policy; default: Tailscale's console. */
  readonly policyPage?: string;
}

/** What an earlier run left. */
export interface PolicyBefore {
  readonly mode: PolicyNeeds["mode"];
  readonly document: string;
  readonly found?: string;
  readonly wrote?: readonly string[];
}

export interface PlannedPolicy {
  /** The policy as it is to be; absent where there is a refusal. */
  readonly text?: string;
  readonly found?: string;
  readonly wrote?: readonly string[];
  /** The file already was this cluster's, or held its lines, and no state knows of it. */
  readonly isOrphan?: boolean;
  readonly refusal?: string;
  /** What an earlier run left could make no other text or refusal of it. */
  readonly isCertain?: boolean;
}

export function plannedPolicy(live: string, needs: PolicyNeeds, before?: PolicyBefore): PlannedPolicy;
export function removedPolicy(
  live: string,
  needs: PolicyNeeds,
  before?: PolicyBefore,
): { readonly text: string; readonly kept: readonly string[]; readonly left?: readonly number[] };

/** How many lines a change adds and takes away. */
export function changedLines(live: string, text: string): number;
