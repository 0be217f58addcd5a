import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LabTools, RunInNetns } from "../../lab/contract";
import { controlServices } from "../../lab/control/control-services";
import type { PreparedControl } from "../../lab/control/prepare-control";
import { prepareControl } from "../../lab/control/prepare-control";
import { AdminClient } from "../../lab/tailscale-api/admin-client";

export type EmulationPrograms = Pick<LabTools, "headscale" | "tailscale" | "tailscaled">;

export interface Emulation {
  readonly prepared: PreparedControl;
  readonly admin: AdminClient;
  /** Logs a new device in with the vendor's own client; it is off again afterwards. */
  readonly login: (hostname: string, authKey: string, flags?: readonly string[]) => Promise<LoginResult>;
  readonly stop: () => Promise<void>;
}

export interface LoginResult {
  readonly code: number;
  readonly output: string;
  /** Host names of the devices that the new one is told about. */
  readonly peers: readonly string[];
  /** What the new device lets in. */
  readonly filter: readonly FilterRule[];
}

/** A rule of a device's packet filter, as its netmap holds it (tailscale.com/wgengine/filter/filtertype, Match). */
export interface FilterRule {
  readonly IPProto: readonly number[] | null;
  readonly Srcs: readonly string[];
  readonly Dsts: readonly { readonly Net: string; readonly Ports: { readonly First: number; readonly Last: number } }[];
}

/** Starts headscale and the emulation, or headscale alone, as the lab does, in the network of this process (see tailscale-api-network.ts). */
export async function startEmulation(programs: EmulationPrograms, isWanted = (name: string) => name !== "mirror"): Promise<Emulation> {
  // On the namespace's own tmpfs: gone with it, whatever ends it.
  const state = await mkdtemp("/run/api-");
  const prepared = await prepareControl({ state, sockets: state, mirrorTree: state }, programs);
  const logFile = join(state, "log");
  const log = openSync(logFile, "a", 0o600);
  const children = new Set<ChildProcess>();
  const start = (argv: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
    const [program = "", ...rest] = argv;
    const child = spawn(program, rest, { stdio: ["ignore", log, log], env: { ...process.env, ...env } });
    children.add(child);
    child.once("exit", () => children.delete(child));
    return child;
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...children].map((child) => end(child)));
    closeSync(log);
    await rm(state, { recursive: true, force: true });
  };
  try {
    for (const service of controlServices(prepared).filter(({ name }) => isWanted(name))) {
      start(service.argv);
      await service.waitReady(runHere);
    }
  } catch (error) {
    const seen = await readFile(logFile, "utf8");
    await stop();
    throw new Error(`the emulation did not start:\n${seen}`, { cause: error });
  }
  const login = async (hostname: string, authKey: string, flags: readonly string[] = []): Promise<LoginResult> => {
    const folder = await mkdtemp(join(state, `${hostname}-`));
    const socket = join(folder, "sock");
    const trust = { SSL_CERT_FILE: prepared.labAuthority.certificateFile, TS_LOGS_DIR: folder };
    const daemon = start(
      [programs.tailscaled, "--tun=userspace-networking", `--statedir=${folder}`, `--socket=${socket}`, "--no-logs-no-support"],
      trust,
    );
    try {
      const tailscale = [programs.tailscale, `--socket=${socket}`];
      const afterSocket = ["sh", "-c", 'for i in $(seq 200); do [ -S "$0" ] && break; sleep 0.02; done; exec "$@"', socket, ...tailscale];
      const up = await runHere([...afterSocket, "up", "--timeout=8s", `--auth-key=${authKey}`, `--hostname=${hostname}`, ...flags]);
      const status = await runHere([...tailscale, "status", "--json"]);
      const { Peer } = JSON.parse(status.stdout || "{}") as { Peer?: Record<string, { HostName: string }> | null };
      const netmap = await runHere([...tailscale, "debug", "netmap"]);
      // null where the device was not let in.
      const known = JSON.parse(netmap.code === 0 ? netmap.stdout : "null") as { PacketFilter?: readonly FilterRule[] | null } | null;
      const peers = Object.values(Peer ?? {}).map((peer) => peer.HostName);
      return { code: up.code, output: up.stdout + up.stderr, peers, filter: known?.PacketFilter ?? [] };
    } finally {
      await end(daemon);
    }
  };
  return { prepared, admin: new AdminClient(prepared.apiConfig.adminSocket), login, stop };
}

const runHere: RunInNetns = (argv, options = {}) =>
  new Promise((resolve, reject) => {
    const [program = "", ...rest] = argv;
    const child = spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...options.env } });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
    // A command that ends before it has read its input is judged by its code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
