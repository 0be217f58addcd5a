/**
 * The order in which the SSH client of @pulumi/command asks for host keys (golang.org/x/crypto/ssh, which offers ECDSA
 * first and Ed25519 last). It compares what it gets with the one key that it was given, so a pinned ssh-ed25519 key fails on
 * every host that has an ECDSA key too: all of Debian's and Ubuntu's.
 */
const ASKED_FOR = ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa", "ssh-ed25519"];
const ANNOUNCE_MS = 3000;

/**
 * Keeps what the server announces of its other host keys (OpenSSH's hostkeys-00 after the login). ssh2 passes on only
 * those that the server proved to hold, over a connection that the pinned key has opened: they are as good as the pinned one.
 */
export function collectHostKeys(client) {
  client.provenHostKeys = new Promise((resolve) => {
    client.once("hostkeys", (keys) => resolve(keys.map((key) => `${key.type} ${key.getPublicSSH().toString("base64")}`)));
    client.once("close", () => resolve([]));
  });
}

/** The key that @pulumi/command will be shown; the pinned one where the server announces none. */
export async function negotiatedHostKey(client, pinned, announceMs = ANNOUNCE_MS) {
  let timer;
  const silence = new Promise((resolve) => (timer = setTimeout(() => resolve([]), announceMs)));
  const keys = await Promise.race([client.provenHostKeys, silence]);
  clearTimeout(timer);
  const ofType = (type) => keys.find((key) => key.startsWith(`${type} `));
  const [type, blob] = pinned.trim().split(/\s+/);
  return ASKED_FOR.map(ofType).find(Boolean) ?? `${type} ${blob}`;
}
