import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../contract";
import { hostScript, inState, stateDir } from "../paths";
import type { Namespaces } from "./namespaces";
import type { RunOptions } from "./run-command";
import { processesBelow, processesOf } from "./control-groups";
import { CommandError, runCommand, runOrFail } from "./run-command";
import { waitUntil } from "./wait-until";

/** A network cable of a host: the name of its end at the host, and where the other end is. */
export interface Cable {
  readonly interface: string;
  /** The network namespace of the other end; absent: the lab's own, plugged into a bridge there. */
  readonly router?: string;
}

/** What a host is installed with at its first start. */
export interface Installation {
  readonly rootFileSystem: string;
  /** Lines for mount-host.sh. */
  readonly settings: readonly string[];
  /** Lines for network.sh that make its links, at each boot. */
  readonly links: readonly string[];
}

/** A booted Debian machine of the lab. Its commands run as root inside it, past SSH. */
export class LabHost {
  constructor(
    readonly name: string,
    private readonly cables: readonly Cable[],
    protected readonly namespaces: Namespaces,
  ) {}

  /** The host's process 1, as this machine numbers it; undefined while the host is off. */
  get leader(): number | undefined {
    // systemd-nspawn puts the host's processes into a group "payload" of the one that it was started in.
    return processesOf(join(this.group, "payload", "init.scope"))[0];
  }

  get isOn(): boolean {
    return this.leader !== undefined;
  }

  /** Whether any process of the host is left, or is about to come. */
  get hasProcesses(): boolean {
    return processesBelow(this.group).length > 0 || this.namespaces.daemonRuns(this.supervisor);
  }

  /** The host's group in systemd's hierarchy, where every process of it is. */
  private get group(): string {
    const groups = readFileSync(inState("run", "cgroups"), "utf8").trim().split("\n");
    return join(groups.find((directory) => directory.startsWith("/sys/fs/cgroup/systemd/")) ?? groups[0] ?? "", this.name);
  }

  private enter(): readonly string[] {
    const leader = this.leader;
    if (leader === undefined) throw new Error(`host ${this.name} is off`);
    return ["nsenter", "--target", String(leader), "--all", "--wd=/", "--"];
  }

  /** Runs a command on the host, with a login's PATH and nothing of this process's environment. */
  run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LANG: "C.UTF-8", ...options.env };
    return runCommand([...this.enter(), ...argv], { ...options, env });
  }

  /** Runs a shell script on the host and gives its standard output; fails where it does. */
  async exec(script: string, options: RunOptions = {}): Promise<string> {
    const result = await this.run(["sh", "-euc", script], options);
    if (result.code !== 0) throw new CommandError([`${this.name}:`, script], result);
    return result.stdout;
  }

  /** A file's text, as root sees it on the host. */
  readFile(path: string): Promise<string> {
    return this.exec(`cat -- '${path}'`);
  }

  /** Writes a file on the host, its folder too where there is none. */
  async writeFile(path: string, content: string, mode = "0644"): Promise<void> {
    await this.exec(`umask 077; mkdir -p -- "$(dirname -- '${path}')"; cat >'${path}'; chmod ${mode} '${path}'`, { input: content });
  }

  /** Copies a file of this machine onto the host, which must be on. */
  async copyIn(file: string, path: string, mode = "0644"): Promise<void> {
    await this.exec(`mkdir -p -- "$(dirname -- '${path}')"`);
    // Process 1's root is the host's whole file system, as the kernel shows it to the outside.
    const target = `/proc/${this.leader ?? ""}/root${path}`;
    await runOrFail(["install", "-m", mode, file, target]);
  }

  /** Gives the host power; what it is installed with counts at its first start only. */
  protected async powerOn({ rootFileSystem, settings, links }: Installation): Promise<void> {
    const asLines = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
    mkdirSync(inState("hosts", this.name), { recursive: true });
    writeFileSync(inState("hosts", this.name, "links"), asLines(links));
    await this.namespaces.runOrFail([hostScript("mount-host.sh"), stateDir, this.name, rootFileSystem], { input: asLines(settings) });
    if (this.hasProcesses) return;
    const log = inState("hosts", this.name, "supervisor.log");
    await this.namespaces.startDaemon(this.supervisor, [hostScript("run-host.sh"), stateDir, this.name], log);
  }

  /** Waits until the host's services have started. */
  async waitBooted(timeoutMs = 60_000): Promise<void> {
    await waitUntil(`host ${this.name} boots`, () => this.isOn, { timeoutMs, intervalMs: 50 });
    await waitUntil(`host ${this.name} starts its services`, () => this.isUp(), { timeoutMs, intervalMs: 200 });
  }

  private async isUp(): Promise<boolean> {
    const { stdout } = await this.run(["systemctl", "is-system-running"], { timeoutMs: 10_000 });
    if (stdout.trim() === "degraded") throw new Error(await this.exec("systemctl --failed --no-legend --plain"));
    return stdout.trim() === "running";
  }

  /** Pulls the plug: every process is gone at once and nothing is told; files stay as they are. */
  async powerOff(): Promise<void> {
    // The supervisor first, so that it takes the end for no reboot; process 1's end takes the rest of the host along.
    await this.namespaces.killDaemon(this.supervisor);
    await waitUntil(`host ${this.name} goes off`, () => this.isKilled(), { timeoutMs: 20_000, intervalMs: 20 });
    await this.dropNetwork();
  }

  private isKilled(): boolean {
    const leader = this.leader;
    for (const pid of leader === undefined ? processesBelow(this.group) : [leader]) killProcess(pid);
    return !this.hasProcesses;
  }

  /** A clean shutdown. */
  async shutdown(): Promise<void> {
    await this.exec("systemctl poweroff --no-block");
    await waitUntil(`host ${this.name} goes off`, () => !this.hasProcesses, { timeoutMs: 90_000, intervalMs: 20 });
    await this.dropNetwork();
  }

  private async dropNetwork(): Promise<void> {
    await this.namespaces.run(["ip", "netns", "delete", this.name]);
  }

  /** A clean reboot; returns when the host has booted again. */
  async reboot(): Promise<void> {
    const before = this.leader;
    await this.exec("systemctl reboot --no-block");
    await waitUntil(`host ${this.name} reboots`, () => this.leader !== undefined && this.leader !== before, { timeoutMs: 120_000 });
    await this.waitBooted();
  }

  /** Takes the network cables out. */
  async unplug(): Promise<void> {
    for (const cable of this.cables) await this.setLink(cable, "down");
  }

  /** Puts the network cables back; returns when the links carry packets again. */
  async plug(): Promise<void> {
    for (const cable of this.cables) {
      await this.setLink(cable, "up");
      // The kernel tells both ends, and a bridge, some time after the command has ended.
      await waitUntil(`${this.name}.${cable.interface} carries packets`, () => this.carries(cable), { timeoutMs: 15_000 });
    }
  }

  private async setLink({ interface: end, router }: Cable, state: "up" | "down"): Promise<void> {
    await this.namespaces.runOrFail(["ip", ...inNetns(router), "link", "set", `${this.name}.${end}`, state]);
  }

  private async carries({ interface: end, router }: Cable): Promise<boolean> {
    const show = ["-details", "-oneline", "link", "show"];
    const outer = await this.namespaces.runOrFail(["ip", ...inNetns(router), ...show, `${this.name}.${end}`]);
    const inner = await this.namespaces.runOrFail(["ip", ...inNetns(this.name), ...show, end]);
    return outer.stdout.includes(router === undefined ? "state forwarding" : "state UP") && inner.stdout.includes("state UP");
  }

  /** How many logins the host's sshd has accepted, by its own journal; `since` is a time in ms, as Date.now gives it. */
  async sshSessions(since = 0): Promise<number> {
    const { stdout } = await this.run(["journalctl", "--unit=ssh", "--output=cat", "--quiet", `--since=@${(since / 1000).toFixed(3)}`]);
    return stdout.split("\n").filter((line) => line.startsWith("Accepted ")).length;
  }

  private get supervisor(): string {
    return `host-${this.name}`;
  }
}

const inNetns = (netns: string | undefined): readonly string[] => (netns === undefined ? [] : ["-n", netns]);

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
