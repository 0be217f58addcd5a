import { ABANDON, isAbandoned } from "../run/abandoned.mjs";
import { openControl } from "../control/open-control.mjs";
import { countChangedLines, planLivePolicy, planPolicyRemoval } from "./policy-edit.mjs";
import { fields, listOf, mapOf, number, oneOf, optional, readFields, text } from "../run/read-fields.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { tailnet } from "../run/tool-input.mjs";

/** @import { Control } from "../control/control-server.mjs" */
/** @import { Env, ToolContext } from "../run/output.mjs" */
/** @import { PolicyCluster } from "./cluster-rules.cjs" */
/** @import { AcceptedPolicy, PolicyBefore, PolicyMode, PolicyNeeds, RemovedPolicy } from "./policy-edit.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */

/** @typedef {ToolContext & { readonly limits?: ToolLimits }} PolicyContext */

const mode = oneOf("own", "merge", "none");
const texts = listOf(text);

const policyInput = fields({
  mode,
  document: text,
  policyCluster: fields({
    name: text,
    stack: optional(text),
    tag: text,
    serverTag: optional(text),
    tagOwners: texts,
    podCidr: text,
    operators: texts,
    nodePorts: listOf(number),
    policyTests: optional(oneOf("none", "strict")),
    service: optional(text),
    integration: optional(oneOf("k3s", "routes", "flannel-iface")),
  }),
  groups: optional(mapOf(texts)),
  before: optional(fields({ mode, document: text, found: optional(text), wrote: optional(texts) })),
  tailnet,
});

const MOST_TRIES = 6;

/**
 * Brings this cluster into the live policy, and prints what the next run must know: {"found"?, "wrote"?}.
 * @type {(given: unknown, context: PolicyContext) => Promise<void>}
 */
export async function writePolicy(given, context) {
  const { out } = context;
  const { control, needs, before } = await open(given, context);
  if (before === undefined) await control.requireAccess();
  await control.ensureKeyUser?.(keyUser(needs.cluster.name));
  /** @type {(live: string) => AcceptedPolicy} */
  const planned = (live) => {
    const plan = planLivePolicy(live, needs, before);
    if (plan.refusal !== undefined) throw new ToolError(plan.refusal);
    return plan;
  };
  const { found, wrote, isOrphan } = await change(control, "written", planned);
  const orphaned = ORPHANED[needs.mode];
  if (isOrphan && orphaned) out.say(`warning: ${orphaned(needs.cluster)}`);
  out.result(JSON.stringify({ ...(found !== undefined && { found }), ...(wrote && { wrote }) }));
}

/** @type {Readonly<Partial<Record<PolicyMode, (cluster: PolicyCluster) => string>>>} */
const ORPHANED = {
  own: () =>
    "the tailnet's policy already was this cluster's, from a stack whose state is lost. What was there before is not known: removing this stack will leave a policy without any rule.",
  merge: ({ name, stack }) =>
    `the tailnet's policy already held lines of the cluster ${name}${stack === undefined ? "" : ` of ${stack}`}, which this stack's state does not know. They are this stack's ` +
    "where a first run was cut off or the state is lost. If another stack of this name stands in another backend or organization, give one of the two another " +
    "cluster.name: each would remove the other's lines and devices.",
};

/**
 * Prints how many lines of the live policy are not as this cluster left them: {"lines": n}.
 * @type {(given: unknown, context: PolicyContext) => Promise<void>}
 */
export async function readPolicy(given, context) {
  const { control, needs, before } = await open(given, context);
  const live = await control.readPolicy();
  const planned = planLivePolicy(live.text, needs, before);
  context.out.result(JSON.stringify({ lines: planned.refusal === undefined ? countChangedLines(live.text, planned.text) : 1 }));
}

/**
 * Takes this cluster out of the live policy; what others changed since stays.
 * @type {(given: unknown, context: PolicyContext) => Promise<void>}
 */
export async function removePolicy(given, context) {
  const { env, out } = context;
  const { control, needs, before, isHeadscale } = await open(given, context);
  let isAbsent = false;
  /** @type {(live: string) => Promise<RemovedPolicy>} */
  const removal = async (live) => {
    const removed = removedFrom(live, needs, before, control);
    isAbsent = needs.mode !== "none" && removed.text === live;
    if (removed.text !== live) await refuseStanding(control, needs.cluster, env);
    return removed;
  };
  const { kept, left = [] } = await change(control, "put back", removal);
  if (kept.length > 0) {
    out.say(
      `warning: kept in the tailnet's policy, because lines of others name it: ${kept.join(", ")}. Remove both in the console when they are not needed.`,
    );
  }
  // A headscale's URL stands in the state, and no variable leads to another.
  if (isAbsent && !isHeadscale) {
    out.say(
      "warning: the tailnet's policy held no line of this cluster, and none was taken out. If nobody did that before, these credentials are of another " +
        "tailnet: those in the environment (TAILSCALE_*) win over the stack's.",
    );
  }
  if (left.length > 0) {
    out.say(
      `warning: vpn.policy is none, and the tailnet's policy still holds this cluster's lines ${left.join(", ")}. Take them out at ${control.policyPage}.`,
    );
  }
  await control.removeKeyUser?.(keyUser(needs.cluster.name));
}

/** @type {(live: string, needs: PolicyNeeds, before: PolicyBefore | undefined, control: Control) => RemovedPolicy} */
function removedFrom(live, needs, before, { policyPage }) {
  try {
    return planPolicyRemoval(live, needs, before);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ToolError(
      `This cluster's lines (${needs.cluster.tag}) cannot be taken out of the tailnet's policy; nothing was changed: ${error.message} ` +
        `Mend that at ${policyPage}, or take the lines out there, and run again.`,
    );
  }
}

/**
 * Nodes are gone, and their devices with them, before the policy goes. What carries the tag all the same would be cut off, or open to rules of others.
 * @type {(control: Control, cluster: PolicyCluster, env: Env) => Promise<void>}
 */
async function refuseStanding(control, { tag }, env) {
  const standing = (await control.listDevices({ tag })).filter(({ hostname, isExternal }) => !isExternal && !isAbandoned(hostname, env));
  if (standing.length === 0) return;
  const names = [...new Set(standing.map(({ hostname }) => hostname))];
  throw new ToolError(
    `The lines for ${tag} stay in the tailnet's policy, because devices live by them: ` +
      `${standing.map(({ hostname, addresses: [address] }) => (address ? `${hostname} (${address})` : hostname)).join(", ")}. Nothing was changed.\n` +
      `- If they are nodes of this cluster, remove them first, by this stack's own run, or by hand at ${control.machinesPage}; then run again.\n` +
      `- If they may be cut off, run again with ${ABANDON}=${names.join(",")} in the environment.`,
  );
}

/** @type {(given: unknown, context: PolicyContext) => Promise<{ control: Control; needs: PolicyNeeds; before: PolicyBefore | undefined; isHeadscale: boolean }>} */
async function open(given, { env, out, limits = {} }) {
  const { policyCluster, before, groups = {}, tailnet: access, ...rest } = readFields(given, policyInput);
  const control = openControl(access, { env, out, limits: limits.api });
  const { policyPage } = control;
  const cluster = { ...policyCluster, traits: await control.policyTraits() };
  return { control, needs: { ...rest, cluster, groups, policyPage }, before, isHeadscale: access.mode === "headscale" };
}

/**
 * The user that the cluster's keys belong to where the control server wants one.
 * @type {(cluster: string) => string}
 */
export function keyUser(cluster) {
  return `k3s-${cluster}`;
}

/**
 * Reads, plans and writes until no one else wrote in between; the control server checks the text before it is written.
 * @template {{ readonly text: string }} Planned
 * @param {Control} control
 * @param {string} done
 * @param {(live: string) => Planned | Promise<Planned>} plan
 * @returns {Promise<Planned>}
 */
async function change(control, done, plan) {
  /** @type {Planned | undefined} */
  let sent;
  const seen = new Set();
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const live = await control.readPolicy();
    seen.add(live.text);
    // Ours stands although the write was refused: the answer to an earlier try was lost. What it replaced, only that plan knows.
    if (live.text === sent?.text) return sent;
    const planned = await plan(live.text);
    if (planned.text === live.text) return planned;
    sent = planned;
    if (await control.writePolicy(planned.text, live)) return planned;
  }
  if (seen.size === 1) {
    throw new ToolError(
      `The tailnet's API refused each of ${MOST_TRIES} times to have the policy ${done}, as changed since it was read (412), and it read the same each time. ` +
        "Nothing was overwritten. Check tailscale:baseUrl, and any proxy before it: one that compresses makes ETags weak, and those never match.",
    );
  }
  throw new ToolError(
    `The tailnet's policy was changed by someone else each of ${MOST_TRIES} times that it was about to be ${done}. Nothing was overwritten; run the same command again.`,
  );
}
