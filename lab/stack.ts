import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import type { RunResult } from "./contract";
import { takeConsoleSteps } from "./console";
import type { OauthCredentials } from "./console";
import { controlOf } from "./console";
import { CommandError } from "./hosts/run-command";
import type { RunOptions } from "./hosts/run-command";
import type { HostName } from "./hosts/topology";
import type { Lab } from "./lab";
import { inState } from "./paths";
import { labSettings, metalPool, poolHost, poolOf } from "./stack-config";
import type { PoolHost, StackSettings } from "./stack-config";

interface StackFile {
  encryptionsalt?: string;
  config: Record<string, unknown>;
}

export interface StackOptions {
  /** Default: lab. */
  readonly name?: string;
  /** Default: the lab's cluster of three hosts. */
  readonly settings?: StackSettings;
  /** Default: the credentials of a client that the console steps make; not asked for where there is a key to headscale. */
  readonly credentials?: OauthCredentials;
  /** For settings of the mode headscale. */
  readonly headscaleApiKey?: string;
}

/** A stack of the program under test, with its file in .lab and its state in .lab/pulumi. */
export class LabStack {
  constructor(
    readonly lab: Lab,
    readonly name: string,
  ) {}

  get file(): string {
    return inState(`Pulumi.${this.name}.yaml`);
  }

  /** What goes behind every pulumi command that reads the stack's settings. */
  get flags(): readonly string[] {
    return ["--stack", this.name, "--config-file", this.file];
  }

  settings(): StackSettings {
    return this.read().config as StackSettings;
  }

  /** Changes the stack's settings; secrets in the file stay as they are. */
  edit(change: (settings: StackSettings) => void): void {
    const content = this.read();
    change(content.config as StackSettings);
    writeFileSync(this.file, stringify(content), { mode: 0o600 });
  }

  /** Adds a host to the pool of its site, or replaces what the pool says about it by what holds now. */
  addHost(name: HostName, also: Partial<PoolHost> = {}): void {
    this.edit((settings) => {
      const pool = metalPool(settings, poolOf(name));
      const host = { ...poolHost(this.lab, name), ...also };
      const place = pool.hosts.findIndex((candidate) => candidate.name === name);
      pool.hosts.splice(place === -1 ? pool.hosts.length : place, place === -1 ? 0 : 1, host);
    });
  }

  /** Takes a host out of its pool; an empty pool goes too. */
  removeHost(name: HostName): void {
    this.edit((settings) => {
      const pools = settings["hybrid-k3s:pools"];
      for (const [key, pool] of Object.entries(pools)) {
        if (pool.provider !== "bare-metal") continue;
        pool.hosts = pool.hosts.filter((host) => host.name !== name);
        if (pool.hosts.length === 0) Reflect.deleteProperty(pools, key);
      }
    });
  }

  /** Sets a secret setting; its value goes over standard input only. */
  async setSecret(key: string, value: string): Promise<void> {
    const argv = ["config", "set", "--secret", key, "--stack", this.name];
    check(argv, await this.lab.operator.pulumi(argv, { cwd: inState(), input: value }));
  }

  up(flags: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    return this.lab.operator.pulumi(["up", "--yes", "--skip-preview", ...this.flags, ...flags], options);
  }

  preview(flags: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    return this.lab.operator.pulumi(["preview", ...this.flags, ...flags], options);
  }

  destroy(flags: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    return this.lab.operator.pulumi(["destroy", "--yes", "--skip-preview", ...this.flags, ...flags], options);
  }

  /** The stack's outputs, secrets in clear. */
  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    const argv = ["stack", "output", "--json", "--show-secrets", "--stack", this.name];
    return JSON.parse(check(argv, await this.lab.operator.pulumi(argv)).stdout) as Record<string, unknown>;
  }

  /** The stack's whole state as pulumi keeps it, secrets encrypted. */
  async exportState(): Promise<string> {
    const argv = ["stack", "export", "--stack", this.name];
    return check(argv, await this.lab.operator.pulumi(argv)).stdout;
  }

  /** Puts the kubeconfig output where the operator's kubectl finds it. */
  async saveKubeconfig(): Promise<void> {
    const { kubeconfig } = await this.outputs();
    if (typeof kubeconfig !== "string") throw new Error(`stack ${this.name} has no kubeconfig output`);
    writeFileSync(inState("operator", "kubeconfig"), kubeconfig, { mode: 0o600 });
  }

  private read(): StackFile {
    return parse(readFileSync(this.file, "utf8")) as StackFile;
  }
}

function check(argv: readonly string[], result: RunResult): RunResult {
  if (result.code !== 0) throw new CommandError(["pulumi", ...argv], result);
  return result;
}

/** Makes a new stack with the lab's settings, after the console steps that a tailnet needs once. */
export async function createStack(lab: Lab, options: StackOptions = {}): Promise<LabStack> {
  const stack = new LabStack(lab, options.name ?? "lab");
  const { headscaleApiKey } = options;
  const credentials = headscaleApiKey === undefined ? (options.credentials ?? (await takeConsoleSteps(controlOf(lab).admin))) : undefined;
  // `stack init` and `config set` write beside the Pulumi.yaml of their folder: this one, so that the repository gets no file.
  writeFileSync(inState("Pulumi.yaml"), "name: hybrid-k3s\nruntime: nodejs\n");
  rmSync(stack.file, { force: true });
  const init = ["stack", "init", "--no-select", stack.name];
  check(init, await lab.operator.pulumi(init, { cwd: inState() }));
  const salt = (parse(readFileSync(stack.file, "utf8")) as Partial<StackFile>).encryptionsalt;
  const config = { ...(options.settings ?? labSettings(lab)), ...(credentials && { "tailscale:oauthClientId": credentials.id }) };
  writeFileSync(stack.file, stringify({ ...(salt === undefined ? {} : { encryptionsalt: salt }), config }), { mode: 0o600 });
  await stack.setSecret("hybrid-k3s:sshPrivateKey", readFileSync(inState("ssh", "operator"), "utf8"));
  if (credentials !== undefined) await stack.setSecret("tailscale:oauthClientSecret", credentials.secret);
  if (headscaleApiKey !== undefined) await stack.setSecret("hybrid-k3s:headscaleApiKey", headscaleApiKey);
  return stack;
}

/** The stack that was made in this lab before. */
export function findStack(lab: Lab, name = "lab"): LabStack | undefined {
  const stack = new LabStack(lab, name);
  return existsSync(stack.file) ? stack : undefined;
}
