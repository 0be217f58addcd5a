import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { enginePrograms, linkPlugins } from "./language-programs";

const REPOSITORY = dirname(dirname(__dirname));

export interface PulumiRun {
  readonly code: number | null;
  /** stdout and stderr as they came. */
  readonly output: string;
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

export interface RunningPulumi {
  readonly process: ChildProcess;
  readonly ended: Promise<PulumiRun>;
  /** The first group of the pattern, once the output has it. */
  shown(pattern: RegExp): Promise<string>;
}

/** A Pulumi project of its own in a temporary folder, with its state beside it, run by the engine with the plugins under test. */
export class PulumiProject {
  private constructor(
    readonly folder: string,
    private readonly pulumi: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  static async create(files: Readonly<Record<string, string>>): Promise<PulumiProject> {
    const folder = await mkdtemp(join(tmpdir(), "hybrid-k3s-contract-"));
    const { pulumi } = await enginePrograms();
    const plugins = await linkPlugins(join(folder, "bin"));
    const project = new PulumiProject(folder, pulumi, {
      ...process.env,
      PATH: [plugins, process.env["PATH"]].join(delimiter),
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: "contract",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Each folder's programs are compiled once: in /tmp they would stay.
      TS_NODE_CACHE_DIRECTORY: join(folder, "ts-node"),
      // What whoever runs the tests has at hand is not for them.
      SSH_AUTH_SOCK: "",
      TAILSCALE_API_KEY: "",
      TAILSCALE_OAUTH_CLIENT_ID: "",
      TAILSCALE_OAUTH_CLIENT_SECRET: "",
    });
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
    await project.write({ "package.json": JSON.stringify({ name: "contract", private: true }), ...files });
    const { code, output } = await project.run(["stack", "init", "test"]);
    if (code !== 0) throw new Error(output);
    return project;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.folder, name)), { recursive: true });
      await writeFile(join(this.folder, name), text);
    }
  }

  up(...args: readonly string[]): Promise<PulumiRun> {
    return this.run(["up", "--yes", "--skip-preview", "--stack", "test", ...args]);
  }

  preview(...args: readonly string[]): Promise<PulumiRun> {
    return this.run(["preview", "--stack", "test", ...args]);
  }

  refresh(): Promise<PulumiRun> {
    return this.run(["refresh", "--yes", "--skip-preview", "--stack", "test"]);
  }

  destroy(): Promise<PulumiRun> {
    return this.run(["destroy", "--yes", "--skip-preview", "--stack", "test"]);
  }

  /** The resources in state without the stack and the providers, by name; secrets are encrypted. */
  async state(): Promise<Readonly<Record<string, StateResource>>> {
    const own = (await this.resources()).filter(({ type }) => !type.startsWith("pulumi:"));
    return Object.fromEntries(own.map((resource) => [resource.urn.split("::").at(-1) ?? "", resource] as const));
  }

  /** What the program exported. */
  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    return (await this.resources()).find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  }

  /** Starts an `up` and leaves it running. */
  startUp(): RunningPulumi {
    return this.start(["up", "--yes", "--skip-preview", "--stack", "test"]);
  }

  run(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<PulumiRun> {
    return this.start(args, environment).ended;
  }

  removeFile(name: string): Promise<void> {
    return rm(join(this.folder, name));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  private async resources(): Promise<readonly StateResource[]> {
    const file = await readFile(join(this.folder, ".pulumi/stacks/contract/test.json"), "utf8");
    const { checkpoint } = JSON.parse(file) as { checkpoint: { latest: { resources?: StateResource[] } } };
    return checkpoint.latest.resources ?? [];
  }

  private start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningPulumi {
    const child = spawn(this.pulumi, [...args, "--non-interactive", "--color", "never"], {
      cwd: this.folder,
      env: { ...this.environment, ...environment },
    });
    let output = "";
    const waiting = new Set<() => void>();
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        for (const look of waiting) look();
      });
    }
    const ended = new Promise<PulumiRun>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, output }));
    });
    const shown = (pattern: RegExp): Promise<string> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const [, part] = pattern.exec(output) ?? [];
          if (part !== undefined) resolve(part);
        };
        waiting.add(look);
        look();
        void ended.then(() => reject(new Error(`ended without ${pattern}: ${output}`)));
      });
    return { process: child, ended, shown };
  }
}
