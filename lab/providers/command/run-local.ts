import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Operation } from "../plugin/provider";
import { CapturedOutput, type Logging } from "./captured-output";
import { goQuote } from "./go-quote";

export interface LocalInputs {
  readonly interpreter?: readonly string[];
  readonly dir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly logging?: Logging;
  readonly addPreviousOutputInEnv?: boolean;
}

export interface Outputs {
  readonly stdout: string;
  readonly stderr: string;
}

const DEFAULT_INTERPRETER = ["/bin/sh", "-c"];

/**
 * Runs a command on this machine, in the plugin's own folder unless `dir` is given, as pulumi-command's
 * provider/pkg/provider/local/commandOutputs.go does.
 */
export async function runLocal(command: string, inputs: LocalInputs, previous: Partial<Outputs>, operation: Operation): Promise<Outputs> {
  const output = new CapturedOutput(operation.log, inputs.logging);
  const failure = await execute(command, inputs, previous, operation, output);
  const { stdout, stderr } = output.end();
  if (failure !== undefined) throw new Error(`${failure}: running ${goQuote(command)}:\n${output.everything}`);
  return { stdout, stderr };
}

/** What went wrong in the words of Go's os/exec; undefined if nothing did. */
function execute(
  command: string,
  inputs: LocalInputs,
  previous: Partial<Outputs>,
  { cancelled }: Operation,
  output: CapturedOutput,
): Promise<string | undefined> {
  if (cancelled.aborted) return Promise.resolve((cancelled.reason as Error).message);
  const interpreter = inputs.interpreter?.length ? inputs.interpreter : DEFAULT_INTERPRETER;
  const [program = "", ...args] = [...interpreter, command];
  const hasStdin = inputs.stdin !== undefined && inputs.stdin !== "";
  const child = spawn(program, args, {
    cwd: inputs.dir ?? process.cwd(),
    env: { ...process.env, ...inputs.environment, ...previousOutput(inputs, previous) },
    stdio: [hasStdin ? "pipe" : "ignore", "pipe", "pipe"],
  });
  // Only the interpreter itself is killed, as exec.CommandContext does.
  const kill = (): void => void child.kill("SIGKILL");
  cancelled.addEventListener("abort", kill);
  child.stdout?.on("data", (chunk: Buffer) => output.stdout.add(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.stderr.add(chunk));
  // A command may end without having read its stdin.
  child.stdin?.on("error", () => undefined).end(inputs.stdin);
  return new Promise((resolve) => {
    const settle = (failure: string | undefined): void => {
      cancelled.removeEventListener("abort", kill);
      resolve(failure);
    };
    child.on("error", (error: NodeJS.ErrnoException) => settle(startFailure(error, program, inputs.dir)));
    child.on("close", (code, signal) => settle(code === 0 ? undefined : signal ? signalName(signal) : `exit status ${code}`));
  });
}

function previousOutput(inputs: LocalInputs, previous: Partial<Outputs>): Record<string, string> {
  if (inputs.addPreviousOutputInEnv === false) return {};
  return {
    ...(previous.stdout ? { PULUMI_COMMAND_STDOUT: previous.stdout } : {}),
    ...(previous.stderr ? { PULUMI_COMMAND_STDERR: previous.stderr } : {}),
  };
}

function startFailure(error: NodeJS.ErrnoException, program: string, dir: string | undefined): string {
  if (error.code !== "ENOENT") return error.message;
  if (dir !== undefined && !existsSync(dir)) return `chdir ${dir}: no such file or directory`;
  return program.includes("/")
    ? `fork/exec ${program}: no such file or directory`
    : `exec: ${goQuote(program)}: executable file not found in $PATH`;
}

function signalName(signal: NodeJS.Signals): string {
  const names: Partial<Record<NodeJS.Signals, string>> = {
    SIGKILL: "killed",
    SIGTERM: "terminated",
    SIGINT: "interrupt",
    SIGHUP: "hangup",
  };
  return `signal: ${names[signal] ?? signal}`;
}
