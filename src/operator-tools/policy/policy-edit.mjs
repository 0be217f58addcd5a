import { judgeTakeover } from "./judge-takeover.mjs";
import { restorePolicy, removeOurs } from "./restore-policy.mjs";
import { listClusters, mayHoldUnmarked, mergePolicy, findMissing, diffPolicy, removeCluster } from "./index.mjs";
import { ownEntries } from "./own-entries.mjs";
import { policyEntries, samePolicy } from "./policy-document.mjs";
import { firstPolicy, NO_POLICY } from "./no-policy.mjs";
import { readTree } from "./policy-tree.mjs";
import { findNameOfOther } from "./find-conflicts.mjs";
import { unenforced } from "./unenforced.mjs";
import { describeRefusedTakeover } from "./describe-refused-takeover.mjs";

/** @import { OwnPolicy } from "./judge-takeover.mjs" */
/** @import { PolicyCluster } from "./cluster-rules.cjs" */
/** @import { MissingEntry } from "./find-missing.mjs" */
/** @import { PolicyRefusal } from "./find-conflicts.mjs" */

/** @typedef {"own" | "merge" | "none"} PolicyMode */
/**
 * How this cluster stands in the tailnet's policy.
 * @typedef {object} PolicyNeeds
 * @property {PolicyMode} mode
 * @property {string} document The whole file, as `own` writes it.
 * @property {PolicyCluster} cluster
 * @property {Readonly<Record<string, readonly string[]>>} groups Of the stack's config.
 * @property {string | undefined} [policyPage] Where an operator edits the policy; default: Tailscale's console.
 */
/**
 * What an earlier run left.
 * @typedef {object} PolicyBefore
 * @property {PolicyMode} mode
 * @property {string} document
 * @property {string | undefined} [found] The policy before this stack.
 * @property {readonly string[] | undefined} [wrote] Our entries, by place and meaning.
 */
/** @typedef {{ text?: never; refusal: string; isCertain?: boolean }} RefusedPolicy */
/**
 * What the policy is to become. `isOrphan`: the file already was this cluster's, or held its lines, and no state knows of it. `isCertain`: what
 * an earlier run left could make no other text or refusal of it.
 * @typedef {{ text: string; refusal?: never; found?: string | undefined; wrote?: readonly string[] | undefined; isOrphan?: boolean; isCertain?: boolean }} AcceptedPolicy
 */
/** @typedef {AcceptedPolicy | RefusedPolicy} PlannedPolicy */
/** @typedef {(live: string, needs: PolicyNeeds, before?: PolicyBefore) => PlannedPolicy} Planner */
/** @typedef {{ text: string; kept: string[]; left?: number[] }} RemovedPolicy `left`: the numbers of our lines that the mode leaves to the operator */

/**
 * What the live policy becomes where this cluster is in it as `needs` say, or why it cannot. Pure.
 * @type {Planner}
 */
export function planLivePolicy(live, needs, before) {
  try {
    const ignored = unenforced(live, needs.cluster);
    if (ignored.length > 0) return { refusal: refusalOf(ignored, "cannot stand beside the tailnet's policy"), isCertain: true };
    const plan = PLANS[needs.mode](live, needs, before);
    if (plan.refusal === undefined || live !== NO_POLICY) return plan;
    return { ...plan, refusal: `${plan.refusal}\n${firstPolicy(needs.cluster)}` };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const refusal = `The tailnet's policy cannot be read as HuJSON (${error.message}). Mend it at ${pageOf(needs)} and run again.`;
    return { refusal, isCertain: true };
  }
}

/**
 * The live policy without this cluster. `before` as for planLivePolicy, with the `needs` of that run. Pure.
 * @type {(live: string, needs: PolicyNeeds, before?: PolicyBefore) => RemovedPolicy}
 */
export function planPolicyRemoval(live, needs, before) {
  // No HuJSON, and nothing of ours in it.
  if (live.trim() === "") return { text: live, kept: [] };
  if (needs.mode === "none") return { text: live, kept: [], left: leftBehind(live, needs, before) };
  if (needs.mode === "merge") {
    const { text, kept, refusals } = removeCluster(live, needs.cluster, { wrote: before?.wrote });
    if (refusals.length > 0) throw new SyntaxError(refusals.map(({ line, what, remedy }) => `line ${line}: ${what}. ${remedy}`).join(" "));
    return { text, kept };
  }
  // Where somebody has rewritten the whole file, nothing of it is ours to take out, and what was found before us is not theirs any more.
  if (!holdsOurs(live, needs)) return { text: live, kept: [] };
  const { found } = before ?? {};
  if (found === undefined) return { text: removeOurs(live, ownOf(needs)), kept: [] };
  if (isSame(live, found)) return { text: live, kept: [] };
  if (isSame(live, needs.document)) return { text: found, kept: [] };
  return restorePolicy({ found, live, ...ownOf(needs) });
}

/**
 * How many lines a change adds and takes away.
 * @type {(live: string, text: string) => number}
 */
export function countChangedLines(live, text) {
  return diffPolicy(live, text)
    .split("\n")
    .filter((line) => /^[-+]/.test(line)).length;
}

const CONSOLE = "https://login.tailscale.com/admin/acls";

/**
 * Where an operator edits the policy.
 * @type {(needs: PolicyNeeds) => string}
 */
const pageOf = ({ policyPage = CONSOLE }) => policyPage;

/** @type {Readonly<Record<PolicyMode, Planner>>} */
const PLANS = { own: planOwn, merge: planMerge, none: planNone };

/** @type {Planner} */
function planOwn(live, needs, before) {
  const own = ownOf(needs);
  const taken = findNameOfOther(readTree(live), needs.cluster);
  if (taken.length > 0) return { refusal: refusalOf(taken, "cannot stand beside the tailnet's policy") };
  const base = isMarked(live, needs) ? removeCluster(live, needs.cluster, { wrote: before?.wrote }).text : live;
  const isAsWeLeftIt = before?.document !== undefined && isSame(base, before.document);
  const verdict = judgeTakeover(base, own);
  if (!isAsWeLeftIt && !verdict.accepted) return { refusal: describeRefusedTakeover(verdict, own.tag, pageOf(needs)) };
  const found = before?.found ?? (verdict.kind === "ours" ? removeOurs(base, own) : base);
  return {
    text: isSame(live, needs.document) ? live : needs.document,
    found,
    isOrphan: verdict.kind === "ours" && before?.found === undefined,
    isCertain: !isMarked(live, needs),
  };
}

/** @type {Planner} */
function planMerge(live, needs, before) {
  const { text, wrote, refusals } = mergePolicy(withoutOwnDocument(live, needs, before), needs.cluster, { wrote: before?.wrote });
  const isCertain = isMarked(live, needs) && !mayHoldUnmarked(live, needs.cluster);
  if (refusals.length > 0) return { refusal: refusalOf(refusals, "could not be added to the tailnet's policy"), isCertain };
  return { text, wrote, isOrphan: before === undefined && isMarked(live, needs), isCertain };
}

/**
 * A file that this cluster owned becomes what was found, so that what is merged stands in a file of others.
 * @type {(live: string, needs: PolicyNeeds, before?: PolicyBefore) => string}
 */
function withoutOwnDocument(live, needs, before) {
  const document = before?.document ?? needs.document;
  const own = { ...ownOf(needs), ours: document };
  if (isMarked(live, needs) || judgeTakeover(live, own).kind !== "ours") return live;
  return planPolicyRemoval(live, { ...needs, mode: "own", document }, before).text;
}

/** @type {Planner} */
function planNone(live, needs, before) {
  const { missing, text, refusals } = findMissing(live, needs.cluster);
  const faults = [
    ...(refusals.length > 0 ? [refusalOf(refusals, "cannot stand beside the tailnet's policy")] : []),
    ...(missing.length > 0 ? [lackOf(missing, text, needs)] : []),
  ];
  if (faults.length > 0) return { refusal: faults.join("\n"), isCertain: true };
  // What this stack wrote in another mode stays, and is known again when it comes back to it.
  return { text: live, found: before?.found, wrote: before?.wrote, isCertain: true };
}

/** @type {(missing: readonly MissingEntry[], text: string, needs: PolicyNeeds) => string} */
function lackOf(missing, text, needs) {
  return [
    `vpn.policy is none, and the tailnet's policy lacks what ${needs.cluster.tag} needs (${missing.map(({ what }) => what).join(", ")}).`,
    `Add this at ${pageOf(needs)} and run again; or write policy: merge, and the stack adds it:`,
    ...text
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`),
  ].join("\n");
}

/** @type {(refusals: readonly PolicyRefusal[], outcome: string) => string} */
function refusalOf(refusals, outcome) {
  return [
    `This cluster's lines ${outcome}; nothing was changed:`,
    ...refusals.map(({ line, what, remedy }) => `- ${line === undefined ? "" : `line ${line}: `}${what}. ${remedy}`),
  ].join("\n");
}

/**
 * What this cluster has in a file that it may not write, by an earlier mode or by hand: the lines' numbers.
 * @type {(live: string, needs: PolicyNeeds, before?: PolicyBefore) => number[]}
 */
function leftBehind(live, needs, before) {
  const { changes, refusals } = removeCluster(live, needs.cluster, { wrote: before?.wrote });
  // Nothing is to be done to the file, so that nothing in it may stop a removal.
  if (refusals.length > 0) return [];
  const lines = [...changes, ...ownEntries(policyEntries(live), ownOf(needs))].map(({ line }) => line);
  return [...new Set(lines)].sort((a, b) => a - b);
}

/**
 * Whether any line of the file is one of this cluster's document, of this release or an earlier one.
 * @type {(live: string, needs: PolicyNeeds) => boolean}
 */
function holdsOurs(live, needs) {
  return isSame(live, needs.document) || ownEntries(policyEntries(live), ownOf(needs)).length > 0;
}

/** @type {(live: string, needs: PolicyNeeds) => boolean} */
function isMarked(live, { cluster }) {
  return listClusters(live).some(({ name }) => name === cluster.name);
}

/** @type {(needs: PolicyNeeds) => Required<OwnPolicy>} */
function ownOf({ document, cluster, groups }) {
  const { tag, podCidr, tagOwners } = cluster;
  return { ours: document, tag, podCidr, tagOwners, groups };
}

/** @type {(one: string, other: string) => boolean} */
function isSame(one, other) {
  try {
    return samePolicy(one, other);
  } catch {
    return one === other;
  }
}
