import { createHash } from "node:crypto";
import { Deadline, pause } from "./deadline.mjs";
import { SshFault } from "./ssh-fault.mjs";
import { openSession } from "./ssh.mjs";

/** OpenSSH lets ten sessions share a connection (MaxSessions in sshd_config(5)); a host that lets fewer says so, see `release`. */
const MOST_SESSIONS = 8;
/** The next link of a node's chain comes within a second; what is longer is another node's turn. */
const IDLE_MS = 3000;
const POLL_MS = 500;
/**
 * A host that sends nothing for half a minute is gone: patient enough for one that is starved while k3s starts. The pool's own, because the
 * link that opens a connection is not the one that needs the patience.
 */
const KEEPALIVE = { intervalMs: 5000, most: 6 };
/** Faults of a machine that may be on its way: a service that restarts, a path that changes. */
const PASSING = new Set(["refused", "route", "timeout", "dropped"]);

/** Open connections by host and login, shared by the scripts of one run and closed when none has needed them for a moment. */
export class SessionPool {
  #open = new Map();
  #idleMs;
  #keepalive;

  constructor({ idleMs = IDLE_MS, keepalive = KEEPALIVE } = {}) {
    this.#idleMs = idleMs;
    this.#keepalive = keepalive;
  }

  /** Resolves with {session, release}: a connection with room for one more command. `release(fault)` gives the place back. */
  async lease(target, credentials, options) {
    const key = keyOf(target, credentials);
    const held = this.#open.get(key) ?? Object.assign(new Set(), { most: MOST_SESSIONS });
    this.#open.set(key, held);
    const entry =
      [...held].find((one) => one.users < held.most && one.session?.isOpen !== false) ??
      connect(held, target, credentials, { ...options, keepalive: this.#keepalive });
    entry.users += 1;
    clearTimeout(entry.idle);
    const session = await entry.opening;
    return { session, release: (fault) => this.#release(held, entry, fault) };
  }

  #release(held, entry, fault) {
    entry.users -= 1;
    // The host takes no further session on this connection.
    if (fault?.kind === "sessions") held.most = Math.max(1, Math.min(held.most, entry.users));
    const close = () => {
      held.delete(entry);
      entry.session.close();
    };
    if (["lost", "closed", "limit"].includes(fault?.kind)) held.delete(entry);
    if (entry.users > 0) return;
    if (held.has(entry)) entry.idle = setTimeout(close, this.#idleMs).unref();
    else close();
  }
}

/** All links of one `pulumi up` run in the plugin's process, so those of one host share a connection. */
export const sharedSessions = new SessionPool();

function connect(held, target, credentials, options) {
  const entry = { users: 0, session: undefined, idle: undefined };
  entry.opening = openPatiently(target, credentials, options).then(
    (session) => (entry.session = session),
    (fault) => {
      held.delete(entry);
      throw fault;
    },
  );
  held.add(entry);
  return entry;
}

async function openPatiently(target, credentials, { patienceMs = 0, ...options }) {
  const deadline = new Deadline(patienceMs);
  for (;;) {
    try {
      return await openSession(target, credentials, options);
    } catch (fault) {
      if (!(fault instanceof SshFault) || !PASSING.has(fault.kind) || deadline.over) throw fault;
      await pause(POLL_MS, deadline);
    }
  }
}

function keyOf({ host, bastion }, credentials) {
  return createHash("sha256")
    .update(JSON.stringify([host, bastion, credentials]))
    .digest("hex");
}
