import { openSession } from "./ssh.mjs";

/**
 * Runs a script as root on a host and resolves with {code, stderr}, and with what `afterwards` adds over the same connection.
 * A connection that broke off while it ran is made once more: the scripts are idempotent and hold a lock, so the second
 * run waits for what the first left running.
 */
export async function runOnHost(target, credentials, { script, text, limitMs, onLine, connectMs, afterwards }) {
  for (let attempt = 1; ; attempt += 1) {
    const session = await openSession(target, credentials, { connectMs });
    try {
      const reply = await session.runAsRoot(script, text, { limitMs, onLine });
      return { ...reply, ...(await afterwards?.(session, reply)) };
    } catch (fault) {
      if (fault.kind !== "lost" || attempt === 2) throw fault;
    } finally {
      session.close();
    }
  }
}

/** Passes a script's progress on under the node's name, which some of its lines already carry. */
export function progressOf(node, out) {
  return (line) => out.say(line.startsWith(`${node}:`) ? line : `${node}: ${line}`);
}
