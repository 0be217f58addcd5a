import { acceptPolicy } from "./accept-policy.mjs";
import { requireScopes } from "./api-scopes.mjs";
import { tailnetAccess } from "./credentials.mjs";
import { requireFields } from "./input.mjs";
import { restoredPolicy, withoutOurs } from "./merge-policy.mjs";
import { samePolicy } from "./policy-document.mjs";
import { policyRefusal } from "./policy-refusal.mjs";
import { TailnetApi } from "./tailnet-api.mjs";
import { ToolError } from "./tool-error.mjs";

const SCOPE = "policy_file";
const HUJSON = "application/hujson";
const MOST_TRIES = 6;

/**
 * Reads the live policy before this stack takes the file over, and refuses lines that would be lost. Its result keeps
 * the text found at the first `up`: {"found", "etag", "policy"}, `policy` being what this `up` is about to write.
 */
export async function holdPolicy(input, { env, out, limits = {} }) {
  const { api, own } = open(input, { env, out, limits });
  await requireScopes(api);
  const live = await readPolicy(api);
  const before = previousResult(env);
  const isAsWeLeftIt = before?.policy !== undefined && isSame(live.text, before.policy);
  const verdict = acceptPolicy(live.text, own);
  if (!isAsWeLeftIt && !verdict.accepted) throw new ToolError(policyRefusal(verdict, own.tag));
  out.result(JSON.stringify({ ...(before ?? firstSight(live, verdict, own, out)), policy: own.ours }));
}

/** Puts the found policy back. What others changed since stays; their change in the very same moment is read again, never overwritten. */
export async function restorePolicy(input, { env, out, limits = {} }) {
  const { api, own } = open(input, { env, out, limits });
  const found = previousResult(env)?.found;
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const live = await readPolicy(api);
    const { text, kept } = planned(live.text, found, own, out);
    if (isSame(text, live.text)) return out.say("The tailnet's policy holds no line of this cluster.");
    if (kept.length > 0)
      out.say(
        `warning: kept in the tailnet's policy, because lines of others name it: ${kept.join(", ")}. Remove both in the console when they are not needed.`,
      );
    const headers = { "content-type": HUJSON, ...(live.etag && { "if-match": live.etag }) };
    const reply = await api.call("POST", api.inTailnet("/acl"), { scope: SCOPE, accept: [400, 412], headers, body: text });
    if (reply.ok) return out.say("The tailnet's policy is back as it was found, with what others added since.");
    if (reply.status === 400) {
      throw new ToolError(
        `The tailnet refuses the policy to be put back (${reply.message}). Remove this cluster's lines (${own.tag}) at https://login.tailscale.com/admin/acls and run again. It was:\n${text}`,
      );
    }
  }
  throw new ToolError(
    `The tailnet's policy was changed by someone else each of ${MOST_TRIES} times that it was about to be put back. Nothing was overwritten; run the same command again.`,
  );
}

function open(input, { env, out, limits }) {
  requireFields(input, ["policy", "tailnet.tag"]);
  const api = new TailnetApi(tailnetAccess(input.tailnet, env, out), out, limits.api);
  const { policy: ours, tagOwners, groups, podCidr, tailnet } = input;
  return { api, own: { ours, tagOwners, groups, podCidr, tag: tailnet.tag } };
}

async function readPolicy(api) {
  const { text, etag } = await api.call("GET", api.inTailnet("/acl"), { scope: SCOPE, headers: { accept: HUJSON } });
  return { text, etag };
}

function firstSight(live, verdict, own, out) {
  if (verdict.kind !== "ours") return { found: live.text, etag: live.etag };
  out.say(
    "warning: the tailnet's policy already is this cluster's, from a stack whose state is lost. What was there before is not known: removing this stack will leave a policy without any rule.",
  );
  return { found: withoutOurs(live.text, own), etag: live.etag };
}

function planned(live, found, own, out) {
  try {
    if (found === undefined) {
      out.say("warning: the state does not hold the policy found at the first `up`; only this cluster's lines are taken out.");
      return { text: withoutOurs(live, own), kept: [] };
    }
    if (isSame(live, found)) return { text: live, kept: [] };
    if (isSame(live, own.ours)) return { text: found, kept: [] };
    return restoredPolicy({ found, live, ...own });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ToolError(
      `The tailnet's policy, live or as found, is not HuJSON (${error.message}). Take this cluster's lines (${own.tag}) out at https://login.tailscale.com/admin/acls and run again.`,
    );
  }
}

function isSame(one, other) {
  try {
    return samePolicy(one, other);
  } catch {
    return one === other;
  }
}

// Pulumi gives the last result of a local command to its next run and to its delete.
function previousResult(env) {
  try {
    const { found, etag, policy } = JSON.parse(env.PULUMI_COMMAND_STDOUT ?? "");
    return typeof found === "string" ? { found, etag, policy } : undefined;
  } catch {
    return undefined;
  }
}
