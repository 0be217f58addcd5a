import { createHash } from "node:crypto";
import { isObject } from "../run/json.mjs";
import { asError, codeOf } from "../run/tool-error.mjs";
import { typeInKey } from "./ssh-keys.cjs";

/** @typedef {import("../run/tool-input.mjs").Machine} Machine */
/** @typedef {Machine & { readonly port: number; readonly name: string; readonly isBastion?: boolean }} SshTarget A machine and what it is called */
/** @typedef {"name" | "refused" | "route" | "timeout" | "dropped" | "protocol" | "hostkey" | "auth" | "credentials" | "forward" | "sessions" | "lost" | "closed" | "limit" | "sudo"} FaultKind */

/**
 * Why a machine could not be used over SSH. `kind` tells faults apart, `at` the machine (the host or its bastion),
 * and `gone` whether nothing of ours can be reached there any more (off, unreachable, re-installed, or under a key that nobody vouches for).
 */
export class SshFault extends Error {
  /** @override */
  name = "SshFault";

  /**
   * @param {FaultKind} kind
   * @param {SshTarget} at
   * @param {string} seen
   * @param {string} remedy
   */
  constructor(kind, at, seen, remedy) {
    super(`${describe(at)} ${seen}; ${remedy}`);
    this.kind = kind;
    this.at = at;
    /** Whether the script had been started by then, so that nobody knows how far it came, and it may go on. */
    this.mayGoOn = false;
    this.gone = GONE.has(kind) || (kind === "hostkey" && !at.isBastion);
  }
}

// Another host key: a re-installed host, on which nothing of ours is left, or one whose key was changed. At a bastion it says nothing of the host.
/** @type {ReadonlySet<FaultKind>} */
const GONE = new Set(["name", "refused", "route", "timeout", "dropped", "protocol", "lost", "closed"]);

/**
 * What leads out where a removal meets a key that is right by now: it knows the one that the state holds of its node, and no run writes that
 * again for a node that the config does not have. Empty for other faults.
 * @type {(fault: unknown, node: string) => string}
 */
export function newKeyAdvice(fault, node) {
  if (!(fault instanceof SshFault) || fault.kind !== "hostkey") return "";
  return (
    `. Where the new key is the right one: put ${node} back into the config as it was, with that key in the place of the old one, run pulumi up, ` +
    `and remove ${node} in a run of its own`
  );
}

/**
 * `rack-1 (ops@192.0.2.10:22)`
 * @type {(at: SshTarget) => string}
 */
export function describe(at) {
  return `${at.name} (${at.user}@${at.address.includes(":") ? `[${at.address}]` : at.address}:${at.port})`;
}

/**
 * As `ssh-keygen -l` prints it.
 * @type {(key: Buffer) => string}
 */
export function fingerprint(key) {
  return `${typeInKey(key) ?? "unknown"} SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

export const faults = {
  /** @type {(at: SshTarget, code: string) => SshFault} */
  name: (at, code) =>
    new SshFault("name", at, `has a name that cannot be resolved (${code})`, "check the address in the stack's config and your DNS"),
  /** @type {(at: SshTarget) => SshFault} */
  refused: (at) =>
    new SshFault(
      "refused",
      at,
      "refuses the connection: nothing listens on that port",
      "check that it is up, that sshd runs on it, and the port in the config",
    ),
  /** @type {(at: SshTarget, code: string) => SshFault} */
  route: (at, code) =>
    new SshFault("route", at, `cannot be reached from here (${code})`, "check that it is switched on, its address, and your own network"),
  /** @type {(at: SshTarget, stage: string, ms: number) => SshFault} */
  timeout: (at, stage, ms) =>
    new SshFault(
      "timeout",
      at,
      `did not answer within ${ms / 1000} s (${stage})`,
      "check that it is switched on, and that every firewall on the way lets SSH pass",
    ),
  /** @type {(at: SshTarget, seen: string) => SshFault} */
  dropped: (at, seen) =>
    new SshFault(
      "dropped",
      at,
      `closed the connection before the login (${seen})`,
      "look at its sshd log; MaxStartups, fail2ban and hosts.deny do this",
    ),
  /** @type {(at: SshTarget, seen: string) => SshFault} */
  protocol: (at, seen) =>
    new SshFault("protocol", at, `answers, but not as an SSH server should (${seen})`, "check address and port in the stack's config"),
  /** @type {(at: SshTarget, expected: string, seen: string) => SshFault} */
  hostkey: (at, expected, seen) =>
    new SshFault(
      "hostkey",
      at,
      `shows another host key: expected ${expected}, seen ${seen}`,
      "if it was re-installed or has a new key, read that at its own console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub) and put it into hostKey, " +
        "with a raised generation where it was re-installed; otherwise somebody may be answering in its place",
    ),
  /** @type {(at: SshTarget, tried: string) => SshFault} */
  auth: (at, tried) =>
    new SshFault(
      "auth",
      at,
      `refuses the login of ${at.user} with ${tried}`,
      `put the public key into ${at.user}'s authorized_keys there, or give the right private key ` +
        `(config ${at.isBastion ? "hybrid-k3s:bastionPrivateKey, or HYBRID_K3S_BASTION_PRIVATE_KEY_FILE" : "hybrid-k3s:sshPrivateKey, or HYBRID_K3S_SSH_PRIVATE_KEY_FILE"} in the environment)`,
    ),
  /** @type {(at: SshTarget, seen: string) => SshFault} */
  credentials: (at, seen) =>
    new SshFault(
      "credentials",
      at,
      `was not tried: ${seen}`,
      "give a private key without passphrase (HYBRID_K3S_SSH_PRIVATE_KEY_FILE), or start an SSH agent that holds it (ssh-add) and run again",
    ),
  /** @type {(at: SshTarget, target: SshTarget, seen: string) => SshFault} */
  forward: (at, target, seen) =>
    new SshFault(
      "forward",
      at,
      `does not pass connections on to ${describe(target)} (${seen})`,
      "allow it in the bastion's sshd_config (AllowTcpForwarding, PermitOpen)",
    ),
  /** @type {(at: SshTarget) => SshFault} */
  sessions: (at) =>
    new SshFault(
      "sessions",
      at,
      "lets no command start over an open connection",
      "raise MaxSessions in its sshd_config, which must be 1 or more",
    ),
  /** @type {(at: SshTarget, what: string) => SshFault} */
  lost: (at, what) => new SshFault("lost", at, `broke the connection off while ${what} ran`, "check that it is still up and run again"),
  /** @type {(at: SshTarget, what: string) => SshFault} */
  closed: (at, what) =>
    new SshFault("closed", at, `closed the connection before ${what} started`, "check that it is still up and run again"),
  /** @type {(at: SshTarget, what: string, ms: number) => SshFault} */
  limit: (at, what, ms) =>
    new SshFault("limit", at, `did not finish ${what} within ${ms / 1000} s`, "log in and look what holds it, then run again"),
  /** @type {(at: SshTarget, seen: string) => SshFault} */
  sudo: (at, seen) =>
    new SshFault(
      "sudo",
      at,
      `does not let ${at.user} become root without a password (${seen})`,
      at.user === "root" ? "check root's shell" : sudoRemedy(at.user, seen),
    ),
};

/**
 * `Defaults requiretty` refuses every command over SSH, whatever else the user may do: "sudo: sorry, you must have a tty to run sudo".
 * @type {(user: string, seen: string) => string}
 */
function sudoRemedy(user, seen) {
  const file = `/etc/sudoers.d/${user}`;
  return /\btty\b/i.test(seen)
    ? `take that demand from this user: echo 'Defaults:${user} !requiretty' >>${file} as root there, or use user: root`
    : `give it: echo '${user} ALL=(ALL) NOPASSWD: ALL' >${file} as root there, or use user: root`;
}

const ROUTE_CODES = new Set(["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "EADDRNOTAVAIL", "EACCES", "EPERM", "ENONET"]);
const NAME_CODES = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NONAME", "EAI_NODATA"]);

/**
 * What a socket's or ssh2's error means for this machine. `tried` names the credentials used.
 * @param {unknown} thrown
 * @param {SshTarget} at
 * @param {{ readonly stage: string; readonly tried: string; readonly connectMs: number }} circumstances
 */
export function classify(thrown, at, { stage, tried, connectMs }) {
  if (thrown instanceof SshFault) return thrown;
  const code = codeOf(thrown);
  const level = levelOf(thrown);
  const { message } = asError(thrown);
  if (level === "client-authentication") return faults.auth(at, tried);
  if (NAME_CODES.has(code)) return faults.name(at, code);
  if (code === "ECONNREFUSED") return faults.refused(at);
  if (ROUTE_CODES.has(code)) return faults.route(at, code);
  if (code === "ETIMEDOUT" || level === "client-timeout") return faults.timeout(at, stage, connectMs);
  if (["ECONNRESET", "EPIPE", "ECONNABORTED"].includes(code) || /before handshake|no response from server/i.test(message)) {
    return faults.dropped(at, code || "no SSH greeting");
  }
  return faults.protocol(at, message);
}

/**
 * Where in the protocol ssh2 met an error; "" of other errors.
 * @type {(error: unknown) => string}
 */
export function levelOf(error) {
  return isObject(error) && typeof error.level === "string" ? error.level : "";
}
