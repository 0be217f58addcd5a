// @ts-check
import { sshCredentials } from "../run/credentials.mjs";
import { fields, listOf, number, optional, readFields, text } from "../run/read-fields.mjs";
import { renderScript } from "./render-script.mjs";
import { progressOf, runOnHost } from "../ssh/run-on-host.mjs";
import { sharedSessions } from "../ssh/session-pool.mjs";
import { SshFault } from "../ssh/ssh-fault.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { credentials, machine } from "../run/tool-input.mjs";

/** @import { SshCredentials } from "../run/credentials.mjs" */
/** @import { ScriptContext } from "./run-script.mjs" */

/**
 * `host.address` is empty while a cloud's machine has none. `before`: the credentials of the run before; `remove`: keys to be taken out.
 */
const authorizeInput = fields({
  node: text,
  publicKey: text,
  host: fields({ address: optional(text), port: optional(number), user: text, hostKey: text }),
  bastion: optional(machine),
  before: credentials,
  remove: optional(listOf(text)),
  credentials,
});

const SCRIPT = "authorize-key";
const SCRIPT_MS = 60_000;
const PATIENCE_MS = 15_000;
/** What is given from outside would hide the key of the run before. */
const GIVEN_KEYS = ["HYBRID_K3S_SSH_PRIVATE_KEY", "HYBRID_K3S_SSH_PRIVATE_KEY_FILE"];

/**
 * Lets `publicKey` in on a node's host, and takes out those of `remove`. Where the host does not take today's credentials, those of `before`
 * place the key; then today's must open the host, before anybody relies on them. Keys are taken out where the host can be reached, and it is
 * said where it cannot: reveals {isDone}.
 * @type {(given: unknown, context: ScriptContext) => Promise<void>}
 */
export async function authorizeKey(given, { env, out, reveal, limits = {}, scripts, sessions = sharedSessions }) {
  const input = readFields(given, authorizeInput);
  const { node, publicKey, host, bastion, before, remove = [] } = input;
  const { address } = host;
  /** @type {(why: string) => void} */
  const wait = (why) => {
    if (remove.length === 0) throw new ToolError(`${node}: the SSH key was not changed: ${why}`);
    out.say(`${node}: the SSH key of before is let in until a later run: ${why}`);
    reveal({ isDone: false });
  };
  // A cloud lends some machines their address only while they run.
  if (!address) return wait("its machine has no address now; start it, then run pulumi up --refresh");
  const environment = { NODE_NAME: node, LOGIN_USER: host.user, ADD_KEY: publicKey, REMOVE_KEYS: remove.join("\n") };
  const run = {
    script: SCRIPT,
    text: renderScript(SCRIPT, environment, scripts),
    sessions,
    limitMs: limits.scriptMs ?? SCRIPT_MS,
    onLine: progressOf(node, out),
    connectMs: limits.connectMs,
    patienceMs: limits.patienceMs ?? PATIENCE_MS,
  };
  /** @type {(login: SshCredentials) => Promise<void>} */
  const place = async (login) => {
    const { code, signal, stderr } = await runOnHost({ name: node, host: { ...host, address }, bastion }, login, run);
    if (code === 0) return;
    const how = signal ? `signal ${signal}` : `exit code ${code}`;
    throw new ToolError(`${node}: the new SSH key could not be placed (${how}): ${lastLine(stderr) || "no word of why"}`);
  };
  const now = sshCredentials(input.credentials, env, out);
  const remembered = Object.fromEntries(Object.entries(env).filter(([name]) => !GIVEN_KEYS.includes(name)));
  try {
    await place(now).catch(async (/** @type {unknown} */ refusal) => {
      if (!isRefusedLogin(refusal) || before === undefined) throw refusal;
      await place(sshCredentials(before, remembered, out)).catch((/** @type {unknown} */ fault) => {
        throw isRefusedLogin(fault) ? new ToolError(byHand(input, fault)) : fault;
      });
      await place(now);
    });
  } catch (fault) {
    if (!(fault instanceof SshFault)) throw fault;
    return wait(`${fault.message}; then run pulumi up again`);
  }
  reveal({ isDone: true });
}

/** @type {(fault: unknown) => fault is SshFault} */
const isRefusedLogin = (fault) => fault instanceof SshFault && fault.kind === "auth";

/** @type {(input: ReturnType<typeof authorizeInput>, fault: SshFault) => string} */
function byHand({ node, publicKey, host }, fault) {
  return (
    `${node}: neither the new SSH key nor the one of the run before opens it (${fault.message}). With a key that does: ` +
    `ssh -p ${host.port ?? 22} ${host.user}@${host.address} 'echo "${publicKey}" >>.ssh/authorized_keys', then run pulumi up again`
  );
}
