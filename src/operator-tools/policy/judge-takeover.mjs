import { mentions, ownEntries } from "./own-entries.mjs";
import { canonical, policyEntries, samePolicy } from "./policy-document.mjs";

/** @import { PolicyEntry } from "./policy-document.mjs" */

/**
 * What is this cluster's own in a policy.
 * @typedef {object} OwnPolicy
 * @property {string} ours The document that this stack writes, as text.
 * @property {readonly string[]} [tagOwners] Tags that docs/tailscale.md has the operator add to the policy by hand.
 * @property {Readonly<Record<string, readonly string[]>>} [groups] Of the stack's config, with or without the prefix `group:`.
 * @property {string} tag The cluster's tag.
 * @property {string | undefined} [podCidr]
 */
/**
 * @typedef {object} PolicyVerdict
 * @property {boolean} accepted
 * @property {"default" | "ours" | undefined} kind
 * @property {string} reason
 * @property {string[]} lines Those that nobody may lose, each with its number in the live text.
 * @property {string} [formerTag] Where all lines are of one other cluster, its tag: this one, before its name or tag was changed?
 */

/**
 * What a tailnet starts with: everything allowed, as acls or (since 2025) as grants, Tailscale SSH to one's own devices,
 * Funnel for members. https://tailscale.com/docs/reference/examples/acls ("Allow all") and the policy editor's first text.
 * @type {Readonly<Record<string, unknown[]>>}
 */
const DEFAULT_ENTRIES = {
  acls: [{ action: "accept", src: ["*"], dst: ["*:*"] }],
  grants: [{ src: ["*"], dst: ["*"], ip: ["*"] }],
  ssh: ["autogroup:member", "autogroup:members"].map((members) => ({
    action: "check",
    src: [members],
    dst: ["autogroup:self"],
    users: ["autogroup:nonroot", "root"],
  })),
  nodeAttrs: ["autogroup:member", "autogroup:members"].map((members) => ({ target: [members], attr: ["funnel"] })),
};

/**
 * Whether the live policy may be taken over whole: the vendor's default, the default with the lines of docs/tailscale.md (tagOwners
 * and groups that the stack's config names), or this cluster's own document, an earlier one included. Pure.
 * @type {(liveText: string, own: OwnPolicy) => PolicyVerdict}
 */
export function judgeTakeover(liveText, { ours, tagOwners = [], groups = {}, tag, podCidr }) {
  /** @type {PolicyEntry[]} */
  let entries;
  try {
    entries = policyEntries(liveText);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { accepted: false, kind: undefined, reason: `it cannot be read as HuJSON (${error.message})`, lines: [] };
  }
  if (samePolicy(liveText, ours)) return { accepted: true, kind: "ours", reason: "it is this cluster's own", lines: [] };

  const { foreign, isOurs } = sortOut(entries, { ours, tagOwners, groups, tag, podCidr });
  if (foreign.length === 0) {
    return {
      accepted: true,
      kind: isOurs ? "ours" : "default",
      reason: isOurs ? "it holds this cluster's lines only" : "it is the vendor's default",
      lines: [],
    };
  }
  const formerTag = otherClusterOf(entries, { tagOwners, groups, tag });
  return {
    accepted: false,
    kind: undefined,
    reason:
      formerTag === undefined
        ? "it holds lines that are neither the vendor's default nor this cluster's"
        : `it is the policy of a cluster with the tag ${formerTag}, not ${tag}`,
    ...(formerTag !== undefined && { formerTag }),
    lines: foreign.map(
      ({ section, key, value, line }) => `line ${line}: ${section}${/^\d*$/.test(key) ? "" : ` "${key}"`}: ${JSON.stringify(value)}`,
    ),
  };
}

/**
 * The entries that are neither this cluster's nor the vendor's nor those of docs/tailscale.md.
 * @type {(entries: readonly PolicyEntry[], own: Required<Omit<OwnPolicy, "podCidr">> & { readonly podCidr?: string | undefined }) => { foreign: PolicyEntry[]; isOurs: boolean }}
 */
function sortOut(entries, { ours, tagOwners, groups, tag, podCidr }) {
  const own = new Set(ownEntries(entries, { ours, tag, podCidr }));
  const isOurs = [...own].some(({ section }) => section !== "tagOwners");
  /** @type {(entry: PolicyEntry) => boolean} */
  const isDefault = ({ section, value }) =>
    !isOurs && (DEFAULT_ENTRIES[section] ?? []).some((known) => canonical(known) === canonical(value));
  const foreign = entries.filter(
    (entry) => !own.has(entry) && !isDefault(entry) && !isReadmeLine(entry, entries, { own, isOurs }, { tagOwners, groups, tag }),
  );
  return { foreign, isOurs };
}

/**
 * The one tag, not our own, under which this program would have made the whole policy.
 * @type {(entries: readonly PolicyEntry[], own: Required<Pick<OwnPolicy, "tagOwners" | "groups" | "tag">>) => string | undefined}
 */
function otherClusterOf(entries, { tagOwners, groups, tag }) {
  const tags = entries.filter(({ section, key }) => section === "tagOwners" && key !== tag).map(({ key }) => key);
  /** @type {(other: string) => boolean} */
  const isWhole = (other) => {
    const { foreign, isOurs } = sortOut(entries, { ours: "{}", tagOwners, groups, tag: other });
    return isOurs && foreign.length === 0;
  };
  return tags.find(isWhole);
}

/** @type {(entry: PolicyEntry, entries: readonly PolicyEntry[], ours: { readonly own: ReadonlySet<PolicyEntry>; readonly isOurs: boolean }, config: Pick<OwnPolicy, "tagOwners" | "groups" | "tag">) => boolean} */
function isReadmeLine({ section, key }, entries, { own, isOurs }, { tagOwners = [], groups = {}, tag }) {
  if (section === "tagOwners") {
    // An owner that a former config named may stand there still: only our tag's entry speaks of it.
    const formerOwner = [...own].some((entry) => entry.section === "tagOwners" && entry.key === tag && mentions(entry.value, key));
    return tagOwners.includes(key) || formerOwner;
  }
  if (section !== "groups") return false;
  if (Object.keys(groups).some((name) => groupName(name) === key)) return true;
  const users = entries.filter((entry) => mentions(entry.value, key));
  // In a policy of ours a group that no line names is one that the config has dropped.
  return users.length > 0 ? users.every((entry) => own.has(entry)) : isOurs;
}

/** @type {(name: string) => string} */
function groupName(name) {
  return name.startsWith("group:") ? name : `group:${name}`;
}
