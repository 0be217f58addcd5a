import { sshCredentials } from "./credentials.mjs";
import { requireFields } from "./input.mjs";
import { renderScript, secretFileLine } from "./render-script.mjs";
import { progressOf, runOnHost } from "./run-on-host.mjs";
import { sharedSessions } from "./session-pool.mjs";
import { SshFault } from "./ssh-fault.mjs";
import { lastLine } from "./ssh-session.mjs";
import { ToolError } from "./tool-error.mjs";

/** sshd may be restarting, the path to the bastion changing: a first connection is tried again for this long. */
const PATIENCE_MS = 15_000;
const MOST_LINES = 12;

/**
 * Runs one script of src/scripts as root on a host, after it has placed the secret files that come along, and reveals what the script prints
 * last: one line of JSON. Without a script only the files are placed. `on` names the host where that is not the node's own.
 */
export async function runScript(input, { env, out, reveal, limits = {}, scripts, sessions = sharedSessions }) {
  requireFields(input, ["node", "host.address", "host.user", "host.hostKey", "limitSeconds"]);
  const { node, on = node, script, environment, hints = {}, secrets = [], host, bastion, limitSeconds } = input;
  for (const { secret } of secrets) out.keepSecret(secret);
  const text = secrets.map(secretFileLine).join("") + (script ? renderScript(script, { ...environment, ...hints }, scripts) : "");
  const what = script ?? "place-secrets";
  const run = {
    script: what,
    text,
    sessions,
    limitMs: limits.scriptMs ?? limitSeconds * 1000,
    onLine: progressOf(node, out),
    connectMs: limits.connectMs,
    patienceMs: limits.patienceMs ?? PATIENCE_MS,
  };
  const reply = await runOnHost({ name: on, host, bastion }, sshCredentials(input.credentials, env, out), run).catch((error) => {
    throw error instanceof SshFault ? new ToolError(`${node}: ${what} did not end: ${error.message}; then run pulumi up again`) : error;
  });
  if (reply.code !== 0) throw failure(node, what, reply);
  // Files alone have no result, and what else is printed is the host's own greeting.
  reveal(script ? resultOf(reply.stdout, node, what) : {});
}

function resultOf(stdout, node, what) {
  const line = lastLine(stdout);
  if (line === "") return {};
  try {
    return JSON.parse(line);
  } catch {
    // The line may hold a secret that nobody knows as one.
    throw new ToolError(`${node}: ${what} printed something else than its result: a profile or a shell of this host writes to stdout`);
  }
}

/** From the script's last word of its own on; what it said before stands in the run's output. */
function failure(node, what, { code, signal, stderr }) {
  const lines = stderr.trimEnd().split("\n");
  const own = lines.findLastIndex((line) => line.startsWith(`${node}: `));
  const words = (own === -1 ? lines : lines.slice(own)).slice(-MOST_LINES).join("\n").trim();
  const how = signal ? `was ended by signal ${signal}` : `failed with exit code ${code}`;
  return new ToolError(own === -1 ? `${node}: ${what} ${how}; its last words: ${words || "none"}` : `${words} (${what} ${how})`);
}
