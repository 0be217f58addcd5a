import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Properties } from "../plugin/property-values";

export interface ProgramRun {
  readonly monitor: string;
  readonly organization: string;
  readonly project: string;
  readonly stack: string;
  readonly rootDirectory: string;
  readonly pwd: string;
  readonly parallel: number;
  readonly dryRun: boolean;
  readonly program: string;
  readonly args: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly configSecretKeys: readonly string[];
}

export interface ProgramHome {
  readonly programDirectory: string;
  /** `runtime.options` of Pulumi.yaml. */
  readonly runtime: Properties;
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Starts programs with the runner of @pulumi/pulumi (its cmd/run), which talks to the engine by itself. */
export class ProgramRunner {
  private readonly running = new Set<ChildProcess>();

  constructor(private readonly engine: string) {}

  run(run: ProgramRun, home: ProgramHome): Promise<ProgramEnd> {
    const options = readRuntimeOptions(home.runtime);
    const child = spawn("node", [...options.nodeArgs, findRunner(home), ...this.runnerArgs(run), run.program, ...run.args], {
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(run.config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(run.configSecretKeys),
        ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
        ...(options.tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
      },
    });
    this.running.add(child);
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        this.running.delete(child);
        resolve({ code, signal });
      });
    });
  }

  endAll(): void {
    for (const child of this.running) child.kill("SIGKILL");
  }

  private runnerArgs(run: ProgramRun): string[] {
    const values: Readonly<Record<string, string>> = {
      monitor: run.monitor,
      engine: this.engine,
      organization: run.organization,
      project: run.project,
      stack: run.stack,
      "root-directory": run.rootDirectory,
      pwd: run.pwd,
      parallel: String(run.parallel),
    };
    const given = Object.entries(values).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value]));
    return run.dryRun ? [...given, "--dry-run"] : given;
  }
}

function readRuntimeOptions(runtime: Properties): { typescript: boolean; nodeArgs: readonly string[]; tsconfig: string | undefined } {
  const { typescript = true, nodeargs = "", tsconfig } = runtime;
  if (typeof typescript !== "boolean") throw new Error("typescript option must be a boolean");
  if (typeof nodeargs !== "string") throw new Error("nodeargs option must be a string");
  if (tsconfig !== undefined && typeof tsconfig !== "string") throw new Error("tsconfig option must be a string");
  return { typescript, nodeArgs: nodeargs.split(/\s+/).filter((arg) => arg !== ""), tsconfig };
}

function findRunner({ programDirectory }: ProgramHome): string {
  const resolve = createRequire(join(programDirectory, "package.json")).resolve;
  try {
    const runner = resolve("@pulumi/pulumi/cmd/run");
    if (existsSync(runner)) return runner;
  } catch {
    // Told below, in the words of the real host.
  }
  throw new Error("It looks like the Pulumi SDK has not been installed. Have you run npm install or yarn install?");
}
