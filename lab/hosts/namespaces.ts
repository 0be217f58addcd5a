import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostScript, inState, stateDir } from "../paths";
import { labGroups } from "./control-groups";
import type { RunOptions } from "./run-command";
import { runCommand, runOrFail } from "./run-command";
import type { RunResult } from "../contract";
import { waitUntil } from "./wait-until";

/** A process by its number and start, so that a number given to another process later is not taken for it. */
export interface ProcessId {
  readonly pid: number;
  readonly startTime: string;
}

export interface DaemonOptions {
  readonly netns?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const daemonFile = (name: string) => inState("run", "daemons", name);
const recordFile = () => inState("run", "processes.json");

/** The process with this number, or undefined where there is none (a zombie is none). Fields as in proc(5). */
export function findProcess(pid: number): ProcessId | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : { pid, startTime: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

export const isAlive = (id: ProcessId): boolean => findProcess(id.pid)?.startTime === id.startTime;

interface LabProcesses {
  readonly init: ProcessId;
  readonly supervisor: ProcessId;
}

/** The namespaces of one lab, held by their process 1. */
export class Namespaces {
  constructor(
    private readonly record: LabProcesses,
    private readonly leash?: Writable,
  ) {}

  /** The lab of this checkout that runs now, if one does. */
  static find(): Namespaces | undefined {
    const record = readRecord();
    return record !== undefined && isAlive(record.init) ? new Namespaces(record) : undefined;
  }

  /** The lab that this program itself runs in: a service of the lab that boots hosts, which has its process 1 as number 1. */
  static ofThisProcess(): Namespaces {
    const init = findProcess(1);
    if (init === undefined) throw new Error("this machine tells nothing of process 1 in /proc");
    return new Namespaces({ init, supervisor: init });
  }

  /** The lab's process 1, as this machine numbers it. */
  get init(): ProcessId {
    return this.record.init;
  }

  /** What goes in front of a command to run it inside the lab, in one of its network namespaces or in its own. */
  enter(netns?: string): readonly string[] {
    const inside = ["nsenter", "--target", String(this.init.pid), "--mount", "--uts", "--ipc", "--net", "--pid"];
    return netns === undefined ? inside : [...inside, "--", "ip", "netns", "exec", netns];
  }

  /** Runs a command inside to its end. */
  run(argv: readonly string[], options: RunOptions & { readonly netns?: string } = {}): Promise<RunResult> {
    return runCommand([...this.enter(options.netns), ...argv], options);
  }

  /** As run, and fails where the command does. */
  runOrFail(argv: readonly string[], options: RunOptions & { readonly netns?: string } = {}): Promise<RunResult> {
    return runOrFail([...this.enter(options.netns), ...argv], options);
  }

  /** Starts a program that goes on by itself inside the lab, its output added to `logFile`. */
  async startDaemon(name: string, argv: readonly string[], logFile: string, options: DaemonOptions = {}): Promise<void> {
    // The shell in between ends, so that the lab's process 1 becomes the parent and collects the program when it ends.
    const start =
      'while read -r group; do echo $$ >"$group/lab/cgroup.procs"; done <"$1"; log=$2; shift 2; setsid "$@" >>"$log" 2>&1 </dev/null & echo $!';
    const shell = ["sh", "-c", start, "sh", inState("run", "cgroups"), logFile];
    const inNetns = options.netns === undefined ? argv : ["ip", "netns", "exec", options.netns, ...argv];
    const { stdout } = await this.runOrFail([...shell, ...inNetns], options.env === undefined ? {} : { env: options.env });
    mkdirSync(inState("run", "daemons"), { recursive: true });
    writeFileSync(daemonFile(name), stdout.trim());
  }

  /** Whether the program that was started under this name runs. */
  daemonRuns(name: string): boolean {
    if (!existsSync(daemonFile(name))) return false;
    try {
      const pid = readFileSync(daemonFile(name), "utf8");
      const state = readFileSync(`/proc/${this.init.pid}/root/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "")[0];
      return state !== "Z";
    } catch {
      return false;
    }
  }

  /** Ends the program that was started under this name; returns when it has ended. */
  async stopDaemon(name: string, signal: "TERM" | "KILL" = "TERM"): Promise<void> {
    if (!this.daemonRuns(name)) return;
    await this.run(["kill", "-s", signal, readFileSync(daemonFile(name), "utf8")]);
    await waitUntil(`${name} ends`, () => !this.daemonRuns(name), { timeoutMs: 20_000, intervalMs: 20 });
    rmSync(daemonFile(name));
  }

  /** Ends the program that was started under this name and what it started in its session, at once; returns when it has ended. */
  async killDaemon(name: string): Promise<void> {
    if (!this.daemonRuns(name)) return;
    await this.run(["kill", "-s", "KILL", "--", `-${readFileSync(daemonFile(name), "utf8")}`]);
    await waitUntil(`${name} ends`, () => !this.daemonRuns(name), { timeoutMs: 20_000, intervalMs: 20 });
    rmSync(daemonFile(name));
  }

  /** The lab goes on when this program, which started it, ends. */
  async keep(): Promise<void> {
    const leash = this.leash;
    if (leash !== undefined) await new Promise<void>((resolve) => leash.end("stay\n", resolve));
  }

  /** Ends everything inside; returns when all processes are gone and what outlives them is cleaned up. */
  async end(): Promise<void> {
    if (isAlive(this.record.init)) process.kill(this.init.pid, "SIGKILL");
    const gone = () => !isAlive(this.record.init) && !isAlive(this.record.supervisor);
    await waitUntil("the lab's processes end", gone, { timeoutMs: 30_000, intervalMs: 20 });
    rmSync(recordFile(), { force: true });
  }
}

/** Cleans up after a lab of this checkout whose supervisor was killed too. */
export async function cleanUpEnded(): Promise<void> {
  if (!existsSync(inState("run", "cgroups"))) return;
  const record = readRecord();
  if (record !== undefined) await waitUntil("the last lab's supervisor ends", () => !isAlive(record.supervisor), { timeoutMs: 30_000 });
  await runOrFail([hostScript("clean-up-lab.sh"), stateDir, String(record?.init.pid ?? 0)]);
  rmSync(recordFile(), { force: true });
}

/** Makes the lab's namespaces and networks; they end with this program, whatever ends it, unless it says `keep`. */
export async function createNamespaces(networkLines: readonly string[]): Promise<Namespaces> {
  rmSync(inState("run"), { recursive: true, force: true });
  mkdirSync(inState("run"), { recursive: true });
  const asLines = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  writeFileSync(inState("run", "network"), asLines(networkLines));
  writeFileSync(inState("run", "cgroups"), asLines(labGroups()));
  // A session of its own, so that Ctrl-C in the terminal reaches only the program that knows how to end the lab.
  const supervisor = spawn(hostScript("supervise-lab.sh"), [stateDir], { detached: true, stdio: "pipe" });
  const said: string[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    supervisor.stderr.on("data", (text: Buffer) => said.push(text.toString()));
    supervisor.stdout.on("data", (text: Buffer) => {
      said.push(text.toString());
      if (initOf(said) !== undefined && said.join("").includes("ready\n")) resolve();
    });
    supervisor.on("error", reject);
    supervisor.on("exit", () => reject(new Error(`the lab's namespaces could not be made: ${said.join("").trim()}`)));
  });
  await ready;
  const init = findProcess(initOf(said) ?? 0);
  const self = findProcess(supervisor.pid ?? 0);
  if (init === undefined || self === undefined) throw new Error(`the lab ended as it started: ${said.join("").trim()}`);
  const record: LabProcesses = { init, supervisor: self };
  writeFileSync(recordFile(), JSON.stringify(record));
  supervisor.stdout.destroy();
  supervisor.stderr.destroy();
  // The pipe's end stays open as long as this program lives, without keeping it alive.
  (supervisor.stdin as Socket).unref();
  supervisor.unref();
  return new Namespaces(record, supervisor.stdin);
}

/** The number of process 1, once the supervisor has told it on a line of its own. */
function initOf(said: readonly string[]): number | undefined {
  const number = /^(\d+)$/m.exec(said.join(""))?.[1];
  return number === undefined ? undefined : Number(number);
}

function readRecord(): LabProcesses | undefined {
  return existsSync(recordFile()) ? (JSON.parse(readFileSync(recordFile(), "utf8")) as LabProcesses) : undefined;
}
