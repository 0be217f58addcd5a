import { mentions, ownEntries } from "./own-entries.mjs";
import { canonical, policyEntries, samePolicy } from "./policy-document.mjs";

// What a tailnet starts with: everything allowed, as acls or (since 2025) as grants, Tailscale SSH to one's own devices,
// Funnel for members. https://tailscale.com/docs/reference/examples/acls ("Allow all") and the policy editor's first text.
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
 * Whether the live policy may be taken over whole: the vendor's default, the default with the README's lines (tagOwners
 * and groups that the stack's config names), or this cluster's own document, an earlier one included. Pure.
 * Returns {accepted, kind: "default" | "ours" | undefined, reason, lines, formerTag?}; `lines` are those that nobody may
 * lose, `formerTag` is there where they all are of one other cluster: this one, before its name or tag was changed?
 */
export function acceptPolicy(liveText, { ours, tagOwners = [], groups = {}, tag, podCidr }) {
  let entries;
  try {
    entries = policyEntries(liveText);
  } catch (error) {
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

/** The entries that are neither this cluster's nor the vendor's nor the README's. */
function sortOut(entries, { ours, tagOwners, groups, tag, podCidr }) {
  const own = new Set(ownEntries(entries, { ours, tag, podCidr }));
  const isOurs = [...own].some(({ section }) => section !== "tagOwners");
  const isDefault = ({ section, value }) =>
    !isOurs && (DEFAULT_ENTRIES[section] ?? []).some((known) => canonical(known) === canonical(value));
  const foreign = entries.filter(
    (entry) => !own.has(entry) && !isDefault(entry) && !isReadmeLine(entry, { entries, own, isOurs, tagOwners, groups, tag }),
  );
  return { foreign, isOurs };
}

/** The one tag, not our own, under which this program would have made the whole policy. */
function otherClusterOf(entries, { tagOwners, groups, tag }) {
  const tags = entries.filter(({ section, key }) => section === "tagOwners" && key !== tag).map(({ key }) => key);
  const isWhole = (other) => {
    const { foreign, isOurs } = sortOut(entries, { ours: "{}", tagOwners, groups, tag: other });
    return isOurs && foreign.length === 0;
  };
  return tags.find(isWhole);
}

function isReadmeLine({ section, key }, { entries, own, isOurs, tagOwners, groups, tag }) {
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

function groupName(name) {
  return name.startsWith("group:") ? name : `group:${name}`;
}
