import { type Socket, connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { Operation } from "../plugin/provider";
import { type ConnectionInputs, type SshConfig, readSshConfig } from "./ssh-config";
import { forward, handshake } from "./ssh-client";

export interface ProxiedConnectionInputs extends ConnectionInputs {
  readonly proxy?: ConnectionInputs;
}

// The defaults of retry.Until (pulumi/pulumi: sdk/go/common/util/retry/until.go).
const FIRST_DELAY_MS = 100;
const BACKOFF = 1.5;
const LONGEST_DELAY_MS = 5000;

/** Go's TCP keep-alive gives a silent peer up after 15 s + 9 x 15 s; libuv adds ten probes, a second apart, to the delay that it is given. */
const KEEP_ALIVE_MS = 140_000;

/** The connections that a command needs; end() closes them, the outermost last. */
export interface Dialled {
  readonly client: Client;
  end(): void;
}

/** Connects as pulumi-command's provider/pkg/provider/remote/connection.go does, through the proxy if there is one. */
export async function dial(inputs: ProxiedConnectionInputs, operation: Operation): Promise<Dialled> {
  const config = await readSshConfig(inputs);
  if (inputs.proxy === undefined) {
    const client = await dialWithRetry("Dial", config, operation, () => dialTcp(config));
    return { client, end: () => client.end() };
  }
  const proxyInputs = inputs.proxy;
  return prefixed("proxy", async () => {
    const proxyConfig = await readSshConfig(proxyInputs);
    const proxy = await dialWithRetry("Dial proxy", proxyConfig, operation, () => dialTcp(proxyConfig));
    try {
      const stream = await dialWithRetry("Dial from proxy", config, operation, () => forward(proxy, config));
      const client = await dialWithRetry("Dial", config, operation, onSameStream(stream, config));
      return { client, end: () => (client.end(), proxy.end()) };
    } catch (error) {
      proxy.end();
      throw error;
    }
  });
}

/** The provider tries a failed handshake again on the stream of the first try, which the failure has closed. */
function onSameStream(stream: Duplex, config: SshConfig): () => Promise<Client> {
  let used = false;
  return () => {
    if (used) return Promise.reject(new Error("ssh: handshake failed: EOF"));
    used = true;
    return handshake(stream, config);
  };
}

/** `dialErrorLimit` N makes N+1 attempts, -1 any number. */
async function dialWithRetry<T>(what: string, { dialErrorLimit }: SshConfig, operation: Operation, attempt: () => Promise<T>): Promise<T> {
  let delay = FIRST_DELAY_MS;
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (dialErrorLimit > -1 && failures >= dialErrorLimit) {
        throw new Error(`after ${failures} failed attempts: ${(error as Error).message}`, { cause: error });
      }
      operation.log.status(`${what} ${failures + 1}/${dialErrorLimit === -1 ? "inf" : dialErrorLimit} failed: retrying`);
    }
    await pause(Math.min(delay, LONGEST_DELAY_MS), operation.cancelled);
    delay = Math.min(delay, LONGEST_DELAY_MS) * BACKOFF;
  }
}

function pause(ms: number, cancelled: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(cancelled.reason as Error);
    };
    const timer = setTimeout(() => {
      cancelled.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (cancelled.aborted) stop();
    else cancelled.addEventListener("abort", stop, { once: true });
  });
}

async function dialTcp(config: SshConfig): Promise<Client> {
  const socket = await connectTcp(config);
  return handshake(socket, config);
}

/** The time limit covers the TCP connection only, not the handshake (golang.org/x/crypto/ssh: ClientConfig.Timeout). */
function connectTcp({ host, port, perDialTimeoutMs }: SshConfig): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(`dial tcp ${host}:${port}: ${reason}`));
    };
    if (perDialTimeoutMs > 0) socket.setTimeout(perDialTimeoutMs, () => fail("i/o timeout"));
    socket.once("error", (error: NodeJS.ErrnoException) => fail(connectFailure(error, host)));
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function connectFailure(error: NodeJS.ErrnoException, host: string): string {
  const reasons: Record<string, string> = {
    ECONNREFUSED: "connect: connection refused",
    EHOSTUNREACH: "connect: no route to host",
    ENETUNREACH: "connect: network is unreachable",
    ETIMEDOUT: "connect: connection timed out",
    ENOTFOUND: `lookup ${host}: no such host`,
    EAI_AGAIN: `lookup ${host}: server misbehaving`,
  };
  return reasons[error.code ?? ""] ?? error.message;
}

async function prefixed<T>(prefix: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${prefix}: ${(error as Error).message}`, { cause: error });
  }
}
