import { openSession } from "./open-session.mjs";
import { SshFault } from "./ssh-fault.mjs";

/** @import { ApiLimits } from "../control/api-calls.mjs" */
/** @import { SshCredentials } from "../run/credentials.mjs" */
/** @import { ToolOutput } from "../run/output.mjs" */
/** @import { LeaseOptions, Sessions } from "./session-pool.mjs" */
/** @import { HostRoute } from "./open-session.mjs" */
/** @import { OnLine, Reply } from "./ssh-session.mjs" */

/** @typedef {{ readonly connectMs?: number; readonly scriptMs?: number; readonly api?: Partial<ApiLimits> }} ToolLimits Shorter ones, for tests */
/**
 * @typedef {object} HostRun
 * @property {string} script Its name.
 * @property {string} text What the host's shell reads.
 * @property {number} limitMs
 * @property {OnLine | undefined} [onLine]
 * @property {Sessions | undefined} [sessions] Default: a connection for this script alone.
 */

/**
 * A connection for one script alone.
 * @type {Sessions}
 */
const alone = {
  async lease(route, credentials, options) {
    const session = await openSession(route, credentials, options);
    return { session, release: () => session.close() };
  },
};

/** A host's limit of sessions is learned from its refusals, one at a time; connections that others left may have been closed since. */
const TRIES_AGAIN = new Map([
  ["lost", 1],
  ["closed", 3],
  ["sessions", 8],
]);

const HAD_BEGUN = new Set(["lost", "limit"]);

/**
 * Runs a script as root on a host and resolves with {code, signal, stdout, stderr}.
 * A connection that broke off while it ran is made once more: the scripts are idempotent and hold a lock, so the second
 * run waits for what the first left running. One whose host takes no further session is left to those that have it.
 * @type {(route: HostRoute, credentials: SshCredentials, run: HostRun & LeaseOptions) => Promise<Reply>}
 */
export async function runOnHost(route, credentials, { script, text, limitMs, onLine, sessions = alone, ...options }) {
  const left = new Map(TRIES_AGAIN);
  let hadBegun = false;
  for (;;) {
    const { session, release } = await sessions.lease(route, credentials, options).catch((/** @type {unknown} */ fault) => {
      if (fault instanceof SshFault) fault.mayGoOn = hadBegun;
      throw fault;
    });
    try {
      const reply = await session.runAsRoot(script, text, { limitMs, onLine });
      release();
      return reply;
    } catch (fault) {
      release(fault);
      const kind = fault instanceof SshFault ? fault.kind : "";
      hadBegun ||= HAD_BEGUN.has(kind);
      if (fault instanceof SshFault) fault.mayGoOn = hadBegun;
      const tries = left.get(kind) ?? 0;
      if (tries === 0) throw fault;
      left.set(kind, tries - 1);
    }
  }
}

/**
 * Passes a script's progress on under the node's name, which some of its lines already carry.
 * @type {(node: string, out: ToolOutput) => OnLine}
 */
export function progressOf(node, out) {
  return (line) => out.say(line.startsWith(`${node}:`) ? line : `${node}: ${line}`);
}
