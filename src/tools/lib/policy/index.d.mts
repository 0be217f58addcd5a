import type { AclRule, PolicyClusterPlan } from "../../../plan/cluster-plan.js";

export type { AclRule } from "../../../plan/cluster-plan.js";

/** One cluster as a tailnet's policy sees it: its name marks its entries. */
export interface PolicyCluster extends PolicyClusterPlan {
  /** Of the stack's config; never written, only compared with the live policy's. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Where the control server is not Tailscale's. */
  readonly traits?: PolicyTraits;
}

/** What a control server makes of a policy. */
export interface PolicyTraits {
  /** Its name and release, for messages. */
  readonly server: string;
  /** The sections that it enforces. */
  readonly sections: readonly string[];
  /** Whether its rules may speak of autogroup:member. */
  readonly knowsMembers: boolean;
  /** Whether a policy without rules allows everything. */
  readonly openWithoutRules: boolean;
  /** Whether a policy's `tests` may speak of tags and groups that no device has yet, as at the first `up`. */
  readonly testsBeforeDevices: boolean;
}

/** Why the live policy cannot take this cluster's entries. */
export interface PolicyRefusal {
  readonly what: string;
  readonly remedy: string;
  /** In the live text, from 1. */
  readonly line: number;
}

export interface PolicyChange {
  readonly action: "add" | "remove";
  /** For example `autoApprovers.routes`. */
  readonly section: string;
  readonly entry: string;
  /** In the new text for `add`, in the old one for `remove`. */
  readonly line: number;
}

export interface WroteBefore {
  /** `wrote` of an earlier merge: these entries are ours also where their marks were taken away. */
  readonly wrote?: readonly string[];
}

export interface MergedPolicy {
  /** The new text; the live one where there are refusals. */
  readonly text: string;
  readonly changes: readonly PolicyChange[];
  /** Our entries in the new text by place and meaning; to be kept and given back at later calls. */
  readonly wrote: readonly string[];
  readonly refusals: readonly PolicyRefusal[];
}

export interface PolicyWithoutCluster {
  readonly text: string;
  readonly changes: readonly PolicyChange[];
  /** Definitions of ours that stay, without our mark, because lines of others name them. */
  readonly kept: readonly string[];
  /** Only where the text cannot be read. */
  readonly refusals: readonly PolicyRefusal[];
}

export interface MissingEntry {
  readonly what: string;
  readonly section: string;
  readonly entry: { readonly key?: string; readonly value: unknown };
  /** The policy has an entry of this key, which the new one replaces. */
  readonly replaces?: boolean;
}

export interface MissingPolicy {
  readonly missing: readonly MissingEntry[];
  /** The lines to add, section by section; "" where nothing is missing. */
  readonly text: string;
  /** What stands in the way of the cluster whatever is added. */
  readonly refusals: readonly PolicyRefusal[];
}

export interface PolicyOpening {
  readonly line: number;
  /** Who reaches what by it. */
  readonly what: string;
  readonly rule: string;
}

export interface MarkedCluster {
  readonly name: string;
  readonly tags: readonly string[];
  readonly podCidrs: readonly string[];
}

export interface GrantRule {
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly ip: readonly string[];
}

/** The live policy with this cluster's entries; every other byte stays. Pure. */
export function mergedPolicy(liveText: string, cluster: PolicyCluster, options?: WroteBefore): MergedPolicy;

/** The policy without this cluster's entries and without what was made for them alone. Pure. */
export function withoutCluster(
  text: string,
  cluster: Pick<PolicyCluster, "name" | "stack" | "tag">,
  options?: WroteBefore,
): PolicyWithoutCluster;

/** What the live policy lacks for this cluster, by meaning, and the lines to add. Pure. */
export function missingFor(liveText: string, cluster: PolicyCluster): MissingPolicy;

/** The changed lines as a unified diff; "" where nothing changed. */
export function policyDiff(oldText: string, newText: string): string;

/** Rules of others that open the cluster: devices that are not its own reach its nodes or pods, or are reached by them. Pure; throws as clustersIn. */
export function openings(text: string, cluster: PolicyCluster): readonly PolicyOpening[];

/** The clusters whose marked entries a policy holds; throws a SyntaxError where the text is not HuJSON. */
export function clustersIn(text: string): readonly MarkedCluster[];

/** Whether entries without a mark speak of this cluster's tag or pods: they may be ours, whose marks somebody took away. */
export function mayHoldUnmarked(text: string, cluster: Pick<PolicyCluster, "tag" | "podCidr">): boolean;

/** Whether an OAuth client with these tags may make the cluster's auth keys. Pure; throws as clustersIn. */
export function mayMakeKeys(liveText: string, cluster: Pick<PolicyCluster, "tag" | "tagOwners">, clientTags: readonly string[]): boolean;

type Needs = Pick<PolicyCluster, "tag" | "podCidr" | "operators" | "nodePorts" | "integration">;

/** The least that one cluster's traffic needs, as entries of `acls` or of `grants`. */
export function clusterRules(cluster: Needs, form: "acls"): AclRule[];
export function clusterRules(cluster: Needs, form: "grants"): GrantRule[];
