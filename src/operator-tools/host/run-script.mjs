import { sshCredentials } from "../run/credentials.mjs";
import { parseJson } from "../run/json.mjs";
import { RENEW_DAYS } from "../run/renewal.mjs";
import { fields, listOf, mapOf, number, optional, readFields, scalar, text } from "../run/read-fields.mjs";
import { renderScript, secretFileLine } from "./render-script.mjs";
import { upgradeInput, upgradeNode, workBefore } from "./upgrade-node.mjs";
import { progressOf } from "../ssh/run-on-host.mjs";
import { runOnServer, serverFields, serverRoutes } from "../ssh/run-on-server.mjs";
import { sharedSessions } from "../ssh/session-pool.mjs";
import { SshFault } from "../ssh/ssh-fault.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { credentials } from "../run/tool-input.mjs";

/** @import { ToolContext } from "../run/output.mjs" */
/** @import { ScriptSource } from "./render-script.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { Sessions } from "../ssh/session-pool.mjs" */
/** @import { Reply } from "../ssh/ssh-session.mjs" */

/** @typedef {(result: unknown) => void} Reveal Gives a verb's result to whoever runs it */
/** @typedef {ToolLimits & { readonly patienceMs?: number }} ScriptLimits */
/** @typedef {ToolContext & { readonly reveal: Reveal; readonly limits?: ScriptLimits; readonly scripts?: ScriptSource; readonly sessions?: Sessions }} ScriptContext */

const secretFiles = optional(listOf(fields({ path: text, secret: text })));

/**
 * `on`: what the host is called where it is not the node's own. `hints`, `carried`: environment and secret files for whose sake nothing runs.
 * With `hosts` it runs on the first of these servers that answers.
 */
const scriptInput = fields({
  node: text,
  on: optional(text),
  script: optional(text),
  environment: optional(mapOf(scalar)),
  hints: optional(mapOf(scalar)),
  secrets: secretFiles,
  carried: secretFiles,
  ...serverFields,
  limitSeconds: number,
  credentials,
  upgrade: optional(upgradeInput),
  before: workBefore,
});

/** sshd may be restarting, the path to the bastion changing: a first connection is tried again for this long. */
const PATIENCE_MS = 15_000;
const MOST_LINES = 12;

/**
 * Runs one script of src/host-scripts as root on a host, after it has placed the secret files that come along, and reveals what the script prints
 * last: one line of JSON. Without a script only the files are placed. `on` names the host where that is not the node's own.
 * @type {(given: unknown, context: ScriptContext) => Promise<void>}
 */
export async function runScript(given, context) {
  const { env, out, reveal, limits = {}, scripts, sessions = sharedSessions } = context;
  const input = readFields(given, scriptInput);
  const { node, on = node, script, environment = {}, hints = {}, limitSeconds } = input;
  const renewal = input.before?.due === "renewal" ? { RENEW_DAYS } : {};
  const secrets = [...(input.secrets ?? []), ...(input.carried ?? [])];
  for (const { secret } of secrets) out.keepSecret(secret);
  const what = script ?? "place-secrets";
  const run = {
    script: what,
    /** @type {(more: Readonly<Record<string, string | number>>) => string} */
    render: (more) =>
      secrets.map(secretFileLine).join("") +
      (script ? renderScript(script, { ...environment, ...hints, ...renewal, ...more }, scripts) : ""),
    sessions,
    limitMs: limits.scriptMs ?? limitSeconds * 1000,
    onLine: progressOf(node, out),
    connectMs: limits.connectMs,
    patienceMs: limits.patienceMs ?? PATIENCE_MS,
  };
  const work = async () => {
    const reply = await runOnServer(serverRoutes(input, on), sshCredentials(input.credentials, env, out), run).catch(
      (/** @type {unknown} */ error) => {
        throw error instanceof SshFault ? new ToolError(`${node}: ${what} did not end: ${error.message}; then run pulumi up again`) : error;
      },
    );
    if (reply.code !== 0) throw failure(node, what, reply);
    return reply;
  };
  const changed = { node, environment, credentials: input.credentials, upgrade: input.upgrade, before: input.before };
  const reply = await upgradeNode(changed, { ...context, sessions }, work);
  // Files alone have no result, and what else is printed is the host's own greeting.
  reveal(script ? resultOf(reply.stdout, node, what) : {});
}

/** @type {(stdout: string, node: string, what: string) => unknown} */
function resultOf(stdout, node, what) {
  const line = lastLine(stdout);
  if (line === "") return {};
  const result = parseJson(line);
  if (result !== undefined) return result;
  // The line may hold a secret that nobody knows as one.
  throw new ToolError(`${node}: ${what} printed something else than its result: a profile or a shell of this host writes to stdout`);
}

/**
 * From the script's last word of its own on; what it said before stands in the run's output.
 * @type {(node: string, what: string, reply: Reply) => ToolError}
 */
function failure(node, what, { code, signal, stderr }) {
  const lines = stderr.trimEnd().split("\n");
  const own = lines.findLastIndex((line) => line.startsWith(`${node}: `));
  const words = (own === -1 ? lines : lines.slice(own)).slice(-MOST_LINES).join("\n").trim();
  const how = signal ? `was ended by signal ${signal}` : `failed with exit code ${code}`;
  return new ToolError(own === -1 ? `${node}: ${what} ${how}; its last words: ${words || "none"}` : `${words} (${what} ${how})`);
}
