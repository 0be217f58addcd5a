import { existsSync } from "node:fs";
import ssh2 from "ssh2";
import { pause } from "../run/deadline.mjs";
import { classify, faults, fingerprint, levelOf, SshFault } from "./ssh-fault.mjs";
import { usableKey } from "./ssh-key.mjs";
import { splitPublicKey } from "./ssh-keys.cjs";
import { onGone } from "./ssh-session.mjs";

/** @import { Duplex } from "node:stream" */
/** @import { ServerHostKeyAlgorithm } from "ssh2" */
/** @import { Deadline } from "../run/deadline.mjs" */
/** @import { SshTarget } from "./ssh-fault.mjs" */

/** @typedef {{ readonly privateKey: string | undefined; readonly agentSocket: string | undefined }} HopCredentials */
/** @typedef {(deadline: Deadline) => Promise<Duplex>} Dial Gives the socket of a connection */
/** @typedef {{ readonly intervalMs: number; readonly most: number }} Keepalive */
/** @typedef {{ readonly connectMs: number; readonly keepalive: Keepalive }} HopLimits */
/** @typedef {{ readonly privateKey?: string | Buffer; readonly agent?: string; readonly tried: string }} Login */

/** @type {readonly ServerHostKeyAlgorithm[]} */
const HOST_KEY_TYPES = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
];
const DROPPED_PAUSE_MS = 400;

/**
 * One authenticated connection to one machine, its host key pinned. `dial` gives the socket. An sshd that turns
 * connections away before the greeting (MaxStartups, when many nodes share a bastion) is tried again until the deadline.
 * @type {(at: SshTarget, auth: HopCredentials, dial: Dial, deadline: Deadline, limits: HopLimits) => Promise<ssh2.Client>}
 */
export async function openHop(at, auth, dial, deadline, { connectMs, keepalive }) {
  for (let wait = DROPPED_PAUSE_MS; ; wait *= 2) {
    try {
      return await tryHop(at, auth, dial, deadline, { connectMs, keepalive });
    } catch (fault) {
      if (!(fault instanceof SshFault) || fault.kind !== "dropped" || deadline.left < wait * 2) throw fault;
      await pause(wait, deadline);
    }
  }
}

/** @type {(at: SshTarget, auth: HopCredentials, dial: Dial, deadline: Deadline, limits: HopLimits) => Promise<ssh2.Client>} */
function tryHop(at, { privateKey, agentSocket }, dial, deadline, { connectMs, keepalive }) {
  const login = loginWith(at, privateKey, agentSocket);
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let stage = "connecting";
    /** @type {Duplex | undefined} */
    let socket;
    /** @type {SshFault | undefined} */
    let wrongKey;
    /** @type {(error?: unknown) => void} */
    const settle = (error) => {
      clearTimeout(timer);
      if (!error) return resolve(client);
      client.destroy();
      socket?.destroy();
      reject(wrongKey ?? classify(error, at, { stage, tried: login.tried, connectMs }));
    };
    const timer = setTimeout(() => settle(faults.timeout(at, stage, connectMs)), deadline.left);
    // Stays for the connection's life: what breaks it later is seen by the command that was running.
    client.on("error", (error) => {
      if (levelOf(error) !== "agent") settle(error);
    });
    // Behind a bastion a host that hangs up gives no close (ssh-session.mjs).
    onGone(client, () => settle(faults.dropped(at, `while ${stage}`)));
    client.once("ready", () => settle());
    /** @type {(key: Buffer) => boolean} */
    const hostVerifier = (key) => {
      stage = "logging in";
      const { type, key: pinned } = splitPublicKey(at.hostKey);
      const expected = Buffer.from(pinned, "base64");
      if (key.equals(expected)) return true;
      wrongKey = faults.hostkey(at, expected.length > 4 ? fingerprint(expected) : `${type} (not a key)`, fingerprint(key));
      return false;
    };
    dial(deadline)
      .then((dialled) => {
        socket = dialled;
        stage = "waiting for the SSH greeting";
        client.connect({
          sock: socket,
          username: at.user,
          ...(login.privateKey !== undefined && { privateKey: login.privateKey }),
          ...(login.agent !== undefined && { agent: login.agent }),
          hostVerifier,
          readyTimeout: 0,
          algorithms: { serverHostKey: hostKeyOrder(at.hostKey) },
          keepaliveInterval: keepalive.intervalMs,
          keepaliveCountMax: keepalive.most,
        });
      })
      .catch(settle);
  });
}

/** @type {(at: SshTarget, privateKey: string | undefined, agentSocket: string | undefined) => Login} */
function loginWith(at, privateKey, agentSocket) {
  const agent = agentSocket && existsSync(agentSocket) ? agentSocket : undefined;
  if (privateKey)
    return {
      privateKey: usableKey(privateKey, at),
      ...(agent !== undefined && { agent }),
      tried: agent ? "the given private key and the SSH agent" : "the given private key",
    };
  if (agent) return { agent, tried: "the keys of the SSH agent" };
  throw faults.credentials(
    at,
    agentSocket ? `the SSH agent's socket ${agentSocket} is not there` : "there is neither a private key nor an SSH agent (SSH_AUTH_SOCK)",
  );
}

/**
 * The pinned type first, so that the server shows that key if it has it; the others after it, to name what it shows instead.
 * @type {(hostKey: string) => ServerHostKeyAlgorithm[]}
 */
function hostKeyOrder(hostKey) {
  const { type } = splitPublicKey(hostKey);
  const pinned = type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
  const first = HOST_KEY_TYPES.filter((name) => pinned.includes(name));
  return [...new Set([...first, ...HOST_KEY_TYPES])];
}
