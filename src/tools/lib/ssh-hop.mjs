import { existsSync } from "node:fs";
import ssh2 from "ssh2";
import { pause } from "./deadline.mjs";
import { classify, faults, fingerprint } from "./ssh-fault.mjs";
import { usableKey } from "./ssh-key.mjs";

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
 */
export async function openHop(at, auth, dial, deadline, { connectMs, keepalive }) {
  for (let wait = DROPPED_PAUSE_MS; ; wait *= 2) {
    try {
      return await tryHop(at, auth, dial, deadline, { connectMs, keepalive });
    } catch (fault) {
      if (fault.kind !== "dropped" || deadline.left < wait * 2) throw fault;
      await pause(wait, deadline);
    }
  }
}

function tryHop(at, { privateKey, agentSocket }, dial, deadline, { connectMs, keepalive }) {
  const login = loginWith(at, privateKey, agentSocket);
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let stage = "connecting";
    let socket;
    let wrongKey;
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
      if (error.level !== "agent") settle(error);
    });
    // Behind a bastion a host that hangs up gives no close (ssh-session.mjs).
    for (const event of ["end", "close"]) client.once(event, () => settle(faults.dropped(at, `while ${stage}`)));
    client.once("ready", () => settle());
    const hostVerifier = (key) => {
      stage = "logging in";
      const [type, blob] = at.hostKey.trim().split(/\s+/);
      const expected = Buffer.from(blob ?? "", "base64");
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
          privateKey: login.privateKey,
          agent: login.agent,
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

function loginWith(at, privateKey, agentSocket) {
  const agent = agentSocket && existsSync(agentSocket) ? agentSocket : undefined;
  if (privateKey)
    return {
      privateKey: usableKey(privateKey, at),
      agent,
      tried: agent ? "the given private key and the SSH agent" : "the given private key",
    };
  if (agent) return { agent, tried: "the keys of the SSH agent" };
  throw faults.credentials(
    at,
    agentSocket ? `the SSH agent's socket ${agentSocket} is not there` : "there is neither a private key nor an SSH agent (SSH_AUTH_SOCK)",
  );
}

// The pinned type first, so that the server shows that key if it has it; the others after it, to name what it shows instead.
function hostKeyOrder(hostKey) {
  const type = hostKey.trim().split(/\s+/)[0];
  const pinned = type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
  return [...new Set([...pinned, ...HOST_KEY_TYPES])].filter((name) => HOST_KEY_TYPES.includes(name));
}
