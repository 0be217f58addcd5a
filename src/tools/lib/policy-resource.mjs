import { ABANDON, isAbandoned } from "./abandoned.mjs";
import { requireFields } from "./input.mjs";
import { openControl } from "./open-control.mjs";
import { changedLines, plannedPolicy, removedPolicy } from "./policy-edit.mjs";
import { ToolError } from "./tool-error.mjs";

const MOST_TRIES = 6;

/** Brings this cluster into the live policy, and prints what the next run must know: {"found"?, "wrote"?}. */
export async function writePolicy(input, { env, out, limits = {} }) {
  const { control, needs } = await open(input, { env, out, limits });
  if (input.before === undefined) await control.requireAccess();
  await control.ensureKeyUser?.(keyUser(needs));
  const { found, wrote, isOrphan } = await change(control, "written", (live) => {
    const plan = plannedPolicy(live, needs, input.before);
    if (plan.refusal !== undefined) throw new ToolError(plan.refusal);
    return plan;
  });
  if (isOrphan) out.say(`warning: ${ORPHANED[needs.mode](needs.cluster)}`);
  out.result(JSON.stringify({ ...(found !== undefined && { found }), ...(wrote && { wrote }) }));
}

const ORPHANED = {
  own: () =>
    "the tailnet's policy already was this cluster's, from a stack whose state is lost. What was there before is not known: removing this stack will leave a policy without any rule.",
  merge: ({ name, stack }) =>
    `the tailnet's policy already held lines of the cluster ${name}${stack === undefined ? "" : ` of ${stack}`}, which this stack's state does not know. They are this stack's ` +
    "where a first run was cut off or the state is lost. If another stack of this name stands in another backend or organization, give one of the two another " +
    "cluster.name: each would remove the other's lines and devices.",
};

/** Prints how many lines of the live policy are not as this cluster left them: {"lines": n}. */
export async function readPolicy(input, { env, out, limits = {} }) {
  const { control, needs } = await open(input, { env, out, limits });
  const live = await control.readPolicy();
  const { text, refusal } = plannedPolicy(live.text, needs, input.before);
  out.result(JSON.stringify({ lines: refusal === undefined ? changedLines(live.text, text) : 1 }));
}

/** Takes this cluster out of the live policy; what others changed since stays. */
export async function removePolicy(input, { env, out, limits = {} }) {
  const { control, needs } = await open(input, { env, out, limits });
  let isAbsent = false;
  const { kept, left = [] } = await change(control, "put back", async (live) => {
    const removed = removedFrom(live, needs, input.before, control);
    isAbsent = needs.mode !== "none" && removed.text === live;
    if (removed.text !== live) await refuseStanding(control, needs.cluster, env);
    return removed;
  });
  if (kept.length > 0) {
    out.say(
      `warning: kept in the tailnet's policy, because lines of others name it: ${kept.join(", ")}. Remove both in the console when they are not needed.`,
    );
  }
  // A headscale's URL stands in the state, and no variable leads to another.
  if (isAbsent && input.tailnet.mode !== "headscale") {
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
  await control.removeKeyUser?.(keyUser(needs));
}

function removedFrom(live, needs, before, { policyPage }) {
  try {
    return removedPolicy(live, needs, before);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ToolError(
      `This cluster's lines (${needs.cluster.tag}) cannot be taken out of the tailnet's policy; nothing was changed: ${error.message} ` +
        `Mend that at ${policyPage}, or take the lines out there, and run again.`,
    );
  }
}

/** Nodes are gone, and their devices with them, before the policy goes. What carries the tag all the same would be cut off, or open to rules of others. */
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

async function open(input, { env, out, limits }) {
  requireFields(input, ["mode", "document", "policyCluster.tag", "policyCluster.podCidr", "tailnet"]);
  const { mode, document, policyCluster: cluster, groups = {} } = input;
  const control = openControl(input.tailnet, { env, out, limits: limits.api });
  const { policyPage } = control;
  const needs = { mode, document, cluster: { ...cluster, traits: await control.policyTraits() }, groups, policyPage };
  return { control, needs };
}

/** The user that the cluster's keys belong to where the control server wants one. */
export function keyUser({ cluster }) {
  return `k3s-${cluster.name}`;
}

/** Reads, plans and writes until no one else wrote in between; the control server checks the text before it is written. */
async function change(control, done, plan) {
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
