import { openSession } from "./ssh.mjs";

/** A connection for one script alone. */
const alone = {
  async lease(target, credentials, options) {
    const session = await openSession(target, credentials, options);
    return { session, release: () => session.close() };
  },
};

/** A host's limit of sessions is learned from its refusals, one at a time; connections that others left may have been closed since. */
const TRIES_AGAIN = { lost: 1, closed: 3, sessions: 8 };

/**
 * Runs a script as root on a host and resolves with {code, signal, stdout, stderr}.
 * A connection that broke off while it ran is made once more: the scripts are idempotent and hold a lock, so the second
 * run waits for what the first left running. One whose host takes no further session is left to those that have it.
 */
export async function runOnHost(target, credentials, { script, text, limitMs, onLine, sessions = alone, ...options }) {
  const left = { ...TRIES_AGAIN };
  for (;;) {
    const { session, release } = await sessions.lease(target, credentials, options);
    try {
      const reply = await session.runAsRoot(script, text, { limitMs, onLine });
      release();
      return reply;
    } catch (fault) {
      release(fault);
      if (!(left[fault.kind] > 0)) throw fault;
      left[fault.kind] -= 1;
    }
  }
}

/** Passes a script's progress on under the node's name, which some of its lines already carry. */
export function progressOf(node, out) {
  return (line) => out.say(line.startsWith(`${node}:`) ? line : `${node}: ${line}`);
}
