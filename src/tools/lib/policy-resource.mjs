import { requireScopes } from "./api-scopes.mjs";
import { tailnetAccess } from "./credentials.mjs";
import { requireFields } from "./input.mjs";
import { CONSOLE, changedLines, plannedPolicy, removedPolicy } from "./policy-edit.mjs";
import { TailnetApi } from "./tailnet-api.mjs";
import { ToolError } from "./tool-error.mjs";

const SCOPE = "policy_file";
const HUJSON = "application/hujson";
const MOST_TRIES = 6;

/** Brings this cluster into the live policy, and prints what the next run must know: {"found"?, "wrote"?}. */
export async function writePolicy(input, { env, out, limits = {} }) {
  const { api, needs } = open(input, { env, out, limits });
  if (input.before === undefined) await requireScopes(api);
  const { found, wrote, isOrphan } = await change(api, "written", (live) => {
    const plan = plannedPolicy(live, needs, input.before);
    if (plan.refusal !== undefined) throw new ToolError(plan.refusal);
    return plan;
  });
  if (isOrphan) {
    out.say(
      "warning: the tailnet's policy already was this cluster's, from a stack whose state is lost. What was there before is not known: removing this stack will leave a policy without any rule.",
    );
  }
  out.result(JSON.stringify({ ...(found !== undefined && { found }), ...(wrote && { wrote }) }));
}

/** Prints how many lines of the live policy are not as this cluster left them: {"lines": n}. */
export async function readPolicy(input, { env, out, limits = {} }) {
  const { api, needs } = open(input, { env, out, limits });
  const live = await fetchPolicy(api);
  const { text, refusal } = plannedPolicy(live.text, needs, input.before);
  out.result(JSON.stringify({ lines: refusal === undefined ? changedLines(live.text, text) : 1 }));
}

/** Takes this cluster out of the live policy; what others changed since stays. */
export async function removePolicy(input, { env, out, limits = {} }) {
  const { api, needs } = open(input, { env, out, limits });
  const { kept } = await change(api, "put back", (live) => {
    try {
      return removedPolicy(live, needs, input.before);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new ToolError(
        `The tailnet's policy is not HuJSON (${error.message}). Take this cluster's lines (${needs.cluster.tag}) out at ${CONSOLE} and run again.`,
      );
    }
  });
  if (kept.length > 0) {
    out.say(
      `warning: kept in the tailnet's policy, because lines of others name it: ${kept.join(", ")}. Remove both in the console when they are not needed.`,
    );
  }
}

function open(input, { env, out, limits }) {
  requireFields(input, ["mode", "document", "policyCluster.tag", "policyCluster.podCidr", "tailnet"]);
  const { mode, document, policyCluster: cluster, groups = {} } = input;
  const api = new TailnetApi(tailnetAccess(input.tailnet, env, out), out, limits.api);
  return { api, needs: { mode, document, cluster, groups } };
}

async function fetchPolicy(api) {
  const { text, etag } = await api.call("GET", api.inTailnet("/acl"), { scope: SCOPE, headers: { accept: HUJSON } });
  return { text, etag };
}

/** Reads, plans and writes until no one else wrote in between; the API checks the text, its tests included, before it is written. */
async function change(api, done, plan) {
  let sent;
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const live = await fetchPolicy(api);
    // Ours stands although the write was refused: the answer to an earlier try was lost. What it replaced, only that plan knows.
    if (live.text === sent?.text) return sent;
    const planned = plan(live.text);
    if (planned.text === live.text) return planned;
    await validate(api, planned.text);
    sent = planned;
    const headers = { "content-type": HUJSON, ...(live.etag && { "if-match": live.etag }) };
    const reply = await api.call("POST", api.inTailnet("/acl"), { scope: SCOPE, accept: [400, 412], headers, body: planned.text });
    if (reply.ok) return planned;
    if (reply.status === 400) throw refused(reply.text, planned.text);
  }
  throw new ToolError(
    `The tailnet's policy was changed by someone else each of ${MOST_TRIES} times that it was about to be ${done}. Nothing was overwritten; run the same command again.`,
  );
}

async function validate(api, text) {
  const headers = { "content-type": HUJSON };
  const reply = await api.call("POST", api.inTailnet("/acl/validate"), { scope: SCOPE, accept: [400], headers, body: text });
  // Valid: an empty body or {}. Otherwise the same form as a refusal, under 200 (https://tailscale.com/api#tag/policyfile).
  if (!reply.ok || /"message"\s*:\s*"[^"]/.test(reply.text)) throw refused(reply.text, text);
}

function refused(answer, text) {
  let said;
  try {
    said = JSON.parse(answer);
  } catch {
    said = { message: answer.trim() };
  }
  const tests = (said.data ?? []).flatMap(({ user, src, errors = [] }) => errors.map((error) => `- from ${user ?? src}: ${error}`));
  return new ToolError(
    [
      `The tailnet refuses the policy with this change (${said.message || "no reason given"}); nothing was written.`,
      ...tests,
      "The policy would have been:",
      ...text
        .trimEnd()
        .split("\n")
        .map((line) => `  ${line}`),
      `Look at the tests and rules of others at ${CONSOLE}, and run again.`,
    ].join("\n"),
  );
}
