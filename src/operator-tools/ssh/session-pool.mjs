import { createHash } from "node:crypto";
import { Deadline, pause } from "../run/deadline.mjs";
import { SshFault } from "./ssh-fault.mjs";
import { openSession } from "./open-session.mjs";

/** @import { SshCredentials } from "../run/credentials.mjs" */
/** @import { HostRoute, OpenOptions } from "./open-session.mjs" */
/** @import { Keepalive } from "./ssh-hop.mjs" */
/** @import { FaultKind } from "./ssh-fault.mjs" */
/** @import { SshSession } from "./ssh-session.mjs" */

/** @typedef {OpenOptions & { readonly patienceMs?: number | undefined }} LeaseOptions */
/** @typedef {{ readonly session: SshSession; release: (fault?: unknown) => void }} Lease A connection with room for one more command; `release` gives the place back */
/** @typedef {{ lease(route: HostRoute, credentials: SshCredentials, options: LeaseOptions): Promise<Lease> }} Sessions */
/** @typedef {{ users: number; session: SshSession | undefined; idle: NodeJS.Timeout | undefined; opening: Promise<SshSession> }} Connection */
/** @typedef {{ readonly connections: Set<Connection>; most: number }} Held The connections to one host under one login */

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
/**
 * Faults of a machine that may be on its way: a service that restarts, a path that changes.
 * @type {ReadonlySet<FaultKind>}
 */
const PASSING = new Set(["refused", "route", "timeout", "dropped"]);

/** Open connections by host and login, shared by the scripts of one run and closed when none has needed them for a moment. */
export class SessionPool {
  /** @type {Map<string, Held>} */
  #open = new Map();
  #idleMs;
  #keepalive;

  /** @param {{ readonly idleMs?: number; readonly keepalive?: Keepalive }} [settings] */
  constructor({ idleMs = IDLE_MS, keepalive = KEEPALIVE } = {}) {
    this.#idleMs = idleMs;
    this.#keepalive = keepalive;
  }

  /** @type {Sessions["lease"]} */
  async lease(route, credentials, options) {
    const key = keyOf(route, credentials);
    const held = this.#open.get(key) ?? { connections: new Set(), most: MOST_SESSIONS };
    this.#open.set(key, held);
    const connection =
      [...held.connections].find((one) => one.users < held.most && one.session?.isOpen !== false) ??
      connect(held, route, credentials, { ...options, keepalive: this.#keepalive });
    connection.users += 1;
    clearTimeout(connection.idle);
    const session = await connection.opening;
    return { session, release: (fault) => this.#release(held, connection, session, fault) };
  }

  /**
   * @param {Held} held
   * @param {Connection} connection
   * @param {SshSession} session
   * @param {unknown} fault
   */
  #release(held, connection, session, fault) {
    const kind = fault instanceof SshFault ? fault.kind : undefined;
    connection.users -= 1;
    // The host takes no further session on this connection.
    if (kind === "sessions") held.most = Math.max(1, Math.min(held.most, connection.users));
    const close = () => {
      held.connections.delete(connection);
      session.close();
    };
    if (kind === "lost" || kind === "closed" || kind === "limit") held.connections.delete(connection);
    if (connection.users > 0) return;
    if (held.connections.has(connection)) connection.idle = setTimeout(close, this.#idleMs).unref();
    else close();
  }
}

/** All links of one `pulumi up` run in the plugin's process, so those of one host share a connection. */
export const sharedSessions = new SessionPool();

/** @type {(held: Held, route: HostRoute, credentials: SshCredentials, options: LeaseOptions) => Connection} */
function connect(held, route, credentials, options) {
  const opening = openPatiently(route, credentials, options);
  /** @type {Connection} */
  const connection = { users: 0, session: undefined, idle: undefined, opening };
  connection.opening = opening.then(
    (session) => (connection.session = session),
    (fault) => {
      held.connections.delete(connection);
      throw fault;
    },
  );
  held.connections.add(connection);
  return connection;
}

/** @type {(route: HostRoute, credentials: SshCredentials, options: LeaseOptions) => Promise<SshSession>} */
async function openPatiently(route, credentials, { patienceMs = 0, ...options }) {
  const deadline = new Deadline(patienceMs);
  for (;;) {
    try {
      return await openSession(route, credentials, options);
    } catch (fault) {
      if (!(fault instanceof SshFault) || !PASSING.has(fault.kind) || deadline.over) throw fault;
      await pause(POLL_MS, deadline);
    }
  }
}

/** @type {(route: HostRoute, credentials: SshCredentials) => string} */
function keyOf({ host, bastion }, credentials) {
  return createHash("sha256")
    .update(JSON.stringify([host, bastion, credentials]))
    .digest("hex");
}
