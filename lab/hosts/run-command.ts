import { spawn } from "node:child_process";
import type { RunResult } from "../contract";

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** Sees output as it comes, both streams. */
  readonly onOutput?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** A command that ended otherwise than with 0; its message composes command, code and output. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  constructor(
    readonly argv: readonly string[],
    readonly result: RunResult,
  ) {
    const output = [lastLines(result.stdout), result.stderr].filter((text) => text.trim() !== "").join("\n");
    super(`${argv.join(" ")} ended with ${result.code}\n${output}`.trimEnd());
  }
}

/** A warning on one stream must not hide the reason on the other, nor a long listing the warning. */
function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-40).join("\n");
}

/** Ends a process and what it started in its group; nothing where it is gone already. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Runs a command to its end and gives code and output. A process group of its own, so that a time limit ends its children as well. */
export function runCommand(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error("no command");
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { env: options.env ?? process.env, cwd: options.cwd, detached: true, stdio: "pipe" });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
        options.onOutput?.(text);
      });
    }
    const end = (signal: NodeJS.Signals) => {
      if (child.pid !== undefined) killGroup(child.pid, signal);
    };
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            output.stderr += `\nstopped after ${options.timeoutMs} ms`;
            end("SIGKILL");
          }, options.timeoutMs);
    const onAbort = () => end("SIGINT");
    options.signal?.addEventListener("abort", onAbort, { once: true });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      resolve({ code: code ?? (signal === "SIGKILL" ? 137 : 130), ...output });
    });
    // A command that ends before it has read its input is judged by its code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/** As runCommand, and fails where the command does. */
export async function runOrFail(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await runCommand(argv, options);
  if (result.code !== 0) throw new CommandError(argv, result);
  return result;
}
