export interface OwnPolicy {
  /** The document that this stack writes, as text. */
  readonly ours: string;
  /** Tags that the README has the operator add to the policy by hand. */
  readonly tagOwners?: readonly string[];
  /** Groups of the stack's config, with or without the prefix `group:`. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** The cluster's tag. */
  readonly tag: string;
  readonly podCidr?: string;
}

export interface PolicyVerdict {
  readonly accepted: boolean;
  readonly kind: "default" | "ours" | undefined;
  readonly reason: string;
  /** The lines that would be lost, each with its number in the live text. */
  readonly lines: readonly string[];
  /** Where the whole policy is one that this program makes, under another tag: that tag. */
  readonly formerTag?: string;
}

/** Whether the live policy may be taken over whole. Pure. */
export function acceptPolicy(liveText: string, own: OwnPolicy): PolicyVerdict;
