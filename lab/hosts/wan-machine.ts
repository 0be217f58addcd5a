import { mkdirSync } from "node:fs";
import type { RunResult } from "../contract";
import { inState } from "../paths";
import type { Namespaces } from "./namespaces";
import type { RunOptions } from "./run-command";
import { CommandError } from "./run-command";
import { waitUntil } from "./wait-until";

export interface TailscaleUp {
  readonly hostname: string;
  readonly authKey: string;
  /** Further flags of `tailscale up`. */
  readonly flags?: readonly string[];
}

/** A machine on the WAN that is not booted: a network namespace in which this machine's own programs run, and perhaps a tailscaled. */
export class WanMachine {
  constructor(
    readonly name: string,
    readonly address: string,
    private readonly namespaces: Namespaces,
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** Runs a program of this machine in the machine's network, with its environment; gives code and output. */
  run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const { cwd, ...others } = options;
    const env = { ...this.environment, ...options.env };
    return this.namespaces.run([...this.atDirectory(cwd), ...argv], { ...others, netns: this.name, env });
  }

  /** As run, and fails where the program does; gives its standard output. */
  async runOrFail(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.run(argv, options);
    if (result.code !== 0) throw new CommandError([`${this.name}:`, ...argv], result);
    return result.stdout;
  }

  /** Starts tailscaled with a state of its own; with `fresh`, as a machine that has never been in a tailnet. */
  async startTailscaled(options: { readonly fresh?: boolean } = {}): Promise<void> {
    if (this.namespaces.daemonRuns(this.tailscaled)) return;
    const directory = inState("machines", this.name);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const state = options.fresh === true ? "mem:" : `${directory}/tailscaled.state`;
    const argv = [
      inState("bin", "tailscaled"),
      `--state=${state}`,
      `--statedir=${directory}`,
      `--socket=${this.socket}`,
      "--no-logs-no-support",
    ];
    await this.namespaces.startDaemon(this.tailscaled, argv, `${directory}/tailscaled.log`, { netns: this.name, env: this.environment });
    await waitUntil(`tailscaled of ${this.name} answers`, async () => (await this.tailscale(["status", "--json"])).code === 0, {
      timeoutMs: 15_000,
    });
  }

  async stopTailscaled(): Promise<void> {
    await this.namespaces.stopDaemon(this.tailscaled);
  }

  private get tailscaled(): string {
    return `tailscaled-${this.name}`;
  }

  /** Where the machine's tailscale finds its tailscaled: the operator's at the usual place, so that people need no flag. */
  private get socket(): string {
    return this.name === "operator" ? "/run/tailscale/tailscaled.sock" : `/run/tailscale-${this.name}/tailscaled.sock`;
  }

  /** Runs the machine's tailscale against its tailscaled. */
  tailscale(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.run([inState("bin", "tailscale"), `--socket=${this.socket}`, ...argv], { timeoutMs: 60_000, ...options });
  }

  /** Logs the machine in; the key goes by a file, never by arguments. */
  async joinTailnet(up: TailscaleUp): Promise<void> {
    await this.startTailscaled();
    // The shell holds the file's name only; the key itself comes on standard input.
    const script = 'umask 077; file=$(mktemp); trap \'rm -f "$file"\' EXIT; cat >"$file"; "$@" --auth-key="file:$file"';
    const argv = [
      inState("bin", "tailscale"),
      `--socket=${this.socket}`,
      "up",
      `--hostname=${up.hostname}`,
      "--accept-dns=false",
      "--timeout=30s",
    ];
    await this.runOrFail(["sh", "-euc", script, "sh", ...argv, ...(up.flags ?? [])], { input: up.authKey, timeoutMs: 60_000 });
  }

  async tailnetIp(): Promise<string> {
    const result = await this.tailscale(["ip", "-4"]);
    if (result.code !== 0) throw new CommandError([`${this.name}: tailscale ip -4`], result);
    return result.stdout.trim();
  }

  // The working directory is lost on the way into the mount namespace.
  private atDirectory(cwd: string | undefined): readonly string[] {
    return cwd === undefined ? [] : ["env", `--chdir=${cwd}`];
  }
}
