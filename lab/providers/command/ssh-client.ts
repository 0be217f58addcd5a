import type { Duplex } from "node:stream";
import { type AuthenticationType, Client, type ServerHostKeyAlgorithm } from "ssh2";
import type { SshConfig } from "./ssh-config";

/**
 * The order of golang.org/x/crypto/ssh, which the provider leaves as it is. So a server that has several host keys shows its ECDSA one,
 * and `hostKey` must be that: the provider pins one key, it does not ask for one of its kind.
 */
const HOST_KEY_ALGORITHMS: ServerHostKeyAlgorithm[] = [
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-256",
  "rsa-sha2-512",
  "ssh-rsa",
  "ssh-ed25519",
];

/** Logs in over a connected stream; errors read as golang.org/x/crypto/ssh words them. */
export function handshake(stream: Duplex, config: SshConfig): Promise<Client> {
  const client = new Client();
  const tried: string[] = [];
  let hostKeyRefused = false;
  const methods = [...config.methods];
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      stream.destroy();
      reject(new Error(`ssh: handshake failed: ${reason}`));
    };
    client.once("ready", () => resolve(client));
    client.on("error", (error: Error & { level?: string }) => {
      if (hostKeyRefused) fail("ssh: host key mismatch");
      else if (error.level === "client-authentication") {
        fail(`ssh: unable to authenticate, attempted methods [${tried.join(" ")}], no supported methods remain`);
      } else fail(error.message);
    });
    client.once("close", () => fail("EOF"));
    client.connect({
      sock: stream,
      username: config.user,
      readyTimeout: 0,
      algorithms: { serverHostKey: HOST_KEY_ALGORITHMS },
      hostVerifier: (key: Buffer) => {
        hostKeyRefused = config.hostKey !== undefined && !config.hostKey.equals(key);
        return !hostKeyRefused;
      },
      authHandler: ((allowed: AuthenticationType[] | null, _partial: boolean | null, next: (method: unknown) => void) => {
        const method = nextMethod(methods, allowed);
        if (method !== undefined) tried.push(wireName(method.type));
        next(method ?? false);
      }) as never,
    });
  });
}

const wireName = (type: string): string => (type === "agent" ? "publickey" : type);

function nextMethod(methods: { type: string }[], allowed: AuthenticationType[] | null): { type: string } | undefined {
  for (let method = methods.shift(); method !== undefined; method = methods.shift()) {
    if (allowed === null || allowed.includes(wireName(method.type) as AuthenticationType)) return method;
  }
  return undefined;
}

/** A stream to the host from the proxy, which does the dialling and so knows its own time limit only. */
export function forward(proxy: Client, { host, port }: SshConfig): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    proxy.forwardOut("0.0.0.0", 0, host, port, (error, stream) => {
      if (error === undefined) resolve(stream);
      else reject(new Error(`ssh: rejected: connect failed (${error.message.replace(/^.*Channel open failure: /, "")})`));
    });
  });
}
