import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, type Socket, type Server as TcpServer, connect, createServer } from "node:net";
import { Server, utils } from "ssh2";

export interface HostKeyPair {
  readonly private: string;
  readonly public: string;
}

export const newKeyPair = (): HostKeyPair => utils.generateKeyPairSync("ecdsa", { bits: 256 });

/** An SSH server on loopback that runs commands with the tests' own rights, as sshd would: it counts, and refuses variables by name. */
export class CommandHost {
  readonly clientKey = newKeyPair();
  readonly hostKey = newKeyPair();
  connections = 0;
  readonly commands: string[] = [];
  readonly acceptedVariables = new Set<string>();
  private readonly waiting = new Map<string, () => void>();
  private readonly server: Server;

  private constructor() {
    const client = utils.parseKey(this.clientKey.public);
    if (client instanceof Error) throw client;
    this.server = new Server({ hostKeys: [this.hostKey.private] }, (connection) => {
      this.connections++;
      connection.on("error", () => undefined);
      connection.on("authentication", (attempt) => {
        if (attempt.method !== "publickey" || !client.getPublicSSH().equals(attempt.key.data)) return attempt.reject(["publickey"]);
        if (attempt.signature && client.verify(attempt.blob ?? Buffer.alloc(0), attempt.signature, attempt.hashAlgo) !== true)
          return attempt.reject();
        attempt.accept();
      });
      connection.on("session", (accept) => this.serveSession(accept()));
      connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
        const target = connect(destPort, destIP);
        target.once("connect", () => {
          const stream = accept();
          target.pipe(stream).pipe(target);
        });
        target.once("error", () => reject());
      });
    });
  }

  static async start(): Promise<CommandHost> {
    const host = new CommandHost();
    await new Promise<void>((resolve) => host.server.listen(0, "127.0.0.1", resolve));
    return host;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connection(): Record<string, unknown> {
    return { host: "127.0.0.1", port: this.port, user: "ops", privateKey: this.clientKey.private, hostKey: this.hostKey.public };
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  /** Resolves when the command is run. */
  commandStarted(text: string): Promise<void> {
    return new Promise((resolve) => this.waiting.set(text, resolve));
  }

  private serveSession(session: import("ssh2").Session): void {
    const variables: Record<string, string> = {};
    session.on("env", (accept, reject, { key, val }: { key: string; val: string }) => {
      if (!this.acceptedVariables.has(key)) return void reject?.();
      variables[key] = val;
      (accept as (() => void) | undefined)?.();
    });
    session.on("exec", (accept, _reject, { command }) => {
      this.commands.push(command);
      this.waiting.get(command)?.();
      const channel = accept();
      const child = spawn("/bin/sh", ["-c", command], { env: { PATH: process.env["PATH"], ...variables } });
      channel.pipe(child.stdin).on("error", () => undefined);
      child.stdout.pipe(channel, { end: false });
      child.stderr.pipe(channel.stderr, { end: false });
      child.once("close", (code, signal) => {
        if (signal === null) channel.exit(code ?? 0);
        else channel.exit(signal.replace(/^SIG/, ""));
        channel.end();
      });
    });
  }
}

/** A port that hangs up at once and notes when. */
export class HangUp {
  readonly attempts: number[] = [];
  private readonly server: TcpServer = createServer((socket) => {
    this.attempts.push(performance.now());
    socket.destroy();
  });

  static async start(): Promise<HangUp> {
    const hangUp = new HangUp();
    await new Promise<void>((resolve) => hangUp.server.listen(0, "127.0.0.1", resolve));
    return hangUp;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

const LISTEN_AND_SLEEP = `
const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  require("node:fs").writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** A port whose backlog is full: the kernel leaves further connections without an answer. */
export class DeafPort {
  private constructor(
    readonly port: number,
    private readonly listener: ChildProcess,
    private readonly backlog: readonly Socket[],
  ) {}

  static async start(): Promise<DeafPort> {
    const listener = spawn(process.execPath, ["-e", LISTEN_AND_SLEEP], { stdio: ["ignore", "pipe", "inherit"] });
    const [printed] = (await once(listener.stdout, "data")) as [Buffer];
    const port = Number(printed);
    const backlog = Array.from({ length: 4 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
    await once(backlog[0] as Socket, "connect");
    return new DeafPort(port, listener, backlog);
  }

  async stop(): Promise<void> {
    for (const socket of this.backlog) socket.destroy();
    this.listener.kill("SIGKILL");
    await once(this.listener, "close");
  }
}
