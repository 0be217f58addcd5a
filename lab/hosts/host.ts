import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../contract";
import { hostScript, inState, stateDir } from "../paths";
import type { Namespaces } from "./namespaces";
import type { RunOptions } from "./run-command";
import { processesBelow, processesOf } from "./control-groups";
import { CommandError, runCommand, runOrFail } from "./run-command";
import { hostPublicKey, renewHostKeys } from "./ssh-keys";
import type { HostName, HostSpec } from "./topology";
import { waitUntil } from "./wait-until";

/** A booted Debian machine of the lab. Its commands run as root inside it, past SSH. */
export class LabHost {
  readonly name: HostName;

  constructor(
    readonly spec: HostSpec,
    private readonly namespaces: Namespaces,
    private readonly rootFileSystem: string,
  ) {
    this.name = spec.name;
  }

  /** The public key to pin for this host, as a stack's hostKey. */
  get hostKey(): string {
    return hostPublicKey(this.name);
  }

  /** The host's process 1, as this machine numbers it; undefined while the host is off. */
  get leader(): number | undefined {
    // systemd-nspawn puts the host's processes into a group "payload" of the one that it was started in.
    return processesOf(join(this.group, "payload", "init.scope"))[0];
  }

  get isOn(): boolean {
    return this.leader !== undefined;
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

  /** Boots the host; returns when systemd has started, sshd included. */
  async boot(): Promise<void> {
    await this.mount();
    if (this.isOn) return;
    const log = inState("hosts", this.name, "supervisor.log");
    await this.namespaces.startDaemon(this.supervisor, [hostScript("run-host.sh"), stateDir, this.name], log);
    await this.waitBooted();
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
    await this.namespaces.stopDaemon(this.supervisor, "KILL");
    const leader = this.leader;
    if (leader !== undefined) process.kill(leader, "SIGKILL");
    await this.waitOff();
  }

  /** A clean shutdown. */
  async shutdown(): Promise<void> {
    await this.exec("systemctl poweroff --no-block");
    await this.waitOff(90_000);
  }

  /** A clean reboot; returns when the host has booted again. */
  async reboot(): Promise<void> {
    const before = this.leader;
    await this.exec("systemctl reboot --no-block");
    await waitUntil(`host ${this.name} reboots`, () => this.leader !== undefined && this.leader !== before, { timeoutMs: 120_000 });
    await this.waitBooted();
  }

  /** Puts a new, empty installation in the place of the host, with new SSH host keys, and boots it. */
  async reinstall(): Promise<void> {
    if (this.isOn) await this.powerOff();
    await this.namespaces.run(["umount", inState("hosts", this.name, "root")]);
    rmSync(inState("hosts", this.name), { recursive: true, force: true });
    await renewHostKeys(this.name);
    await this.boot();
  }

  /** Takes the network cable out. */
  async unplug(): Promise<void> {
    for (const link of this.spec.links) await this.namespaces.runOrFail(["ip", "link", "set", `${this.name}.${link.interface}`, "down"]);
  }

  /** Puts the network cable back; returns when the link carries packets again. */
  async plug(): Promise<void> {
    for (const link of this.spec.links) {
      const outer = `${this.name}.${link.interface}`;
      await this.namespaces.runOrFail(["ip", "link", "set", outer, "up"]);
      // The kernel tells both ends, and the bridge, some time after the command has ended.
      await waitUntil(`${outer} carries packets`, () => this.carries(outer, link.interface), { timeoutMs: 15_000 });
    }
  }

  private async carries(outer: string, inner: string): Promise<boolean> {
    const port = await this.namespaces.runOrFail(["ip", "-details", "-oneline", "link", "show", outer]);
    const link = await this.namespaces.runOrFail(["ip", "-n", this.name, "-oneline", "link", "show", inner]);
    return port.stdout.includes("state forwarding") && link.stdout.includes("state UP");
  }

  /** How many logins the host's sshd has accepted, by its own journal; `since` is a time in ms, as Date.now gives it. */
  async sshSessions(since = 0): Promise<number> {
    const { stdout } = await this.run(["journalctl", "--unit=ssh", "--output=cat", "--quiet", `--since=@${(since / 1000).toFixed(3)}`]);
    return stdout.split("\n").filter((line) => line.startsWith("Accepted ")).length;
  }

  private get supervisor(): string {
    return `host-${this.name}`;
  }

  private async waitOff(timeoutMs = 20_000): Promise<void> {
    await waitUntil(`host ${this.name} goes off`, () => !this.hasProcesses(), { timeoutMs, intervalMs: 20 });
    await this.namespaces.run(["ip", "netns", "delete", this.name]);
  }

  private hasProcesses(): boolean {
    return processesBelow(this.group).length > 0 || this.namespaces.daemonRuns(this.supervisor);
  }

  private async mount(): Promise<void> {
    const directory = inState("hosts", this.name);
    mkdirSync(directory, { recursive: true });
    const links = this.spec.links.map((link) => `${link.interface} ${link.bridge} ${link.address} ${link.gateway ?? ""}\n`);
    writeFileSync(join(directory, "links"), links.join(""));
    const settings = [...(this.spec.sudo ? [] : ["without sudo"]), `user ${this.spec.user} ${this.spec.sudo ? "sudo" : "plain"}`];
    await this.namespaces.runOrFail([hostScript("mount-host.sh"), stateDir, this.name, this.rootFileSystem], {
      input: `${settings.join("\n")}\n`,
    });
  }
}

/** Puts together what all hosts have beside Debian: the trees of files, and the lab's names. */
export async function prepareCommonFiles(trees: readonly string[], files: Readonly<Record<string, string>>): Promise<void> {
  const common = inState("hosts", "common");
  rmSync(common, { recursive: true, force: true });
  mkdirSync(common, { recursive: true });
  for (const tree of trees) {
    if (existsSync(tree) && readdirSync(tree).length > 0)
      await runOrFail(["cp", "--archive", "--no-preserve=ownership", `${tree}/.`, common]);
  }
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(common, path, ".."), { recursive: true });
    writeFileSync(join(common, path), content);
  }
}
