import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Sees each line of what it prints, both streams. */
  readonly onLine?: (line: string) => void;
}

export interface ProgramResult {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end and keeps what it printed, both streams in order. Rejects only if it cannot be started. */
export function runProgram(argv: readonly string[], { onLine, ...options }: ProgramOptions = {}): Promise<ProgramResult> {
  const [file = "", ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, rest, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
      if (onLine !== undefined) createInterface({ input: stream }).on("line", onLine);
    }
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code: code ?? 1, output: signal === null ? output : `${output}\nended by ${signal}` }));
  });
}

/** Like runProgram, but an exit code other than 0 is an error that shows the command and the end of its output. */
export async function runOrFail(argv: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const result = await runProgram(argv, options);
  if (result.code !== 0)
    throw new Error(`\`${argv.join(" ")}\` failed with exit code ${result.code}:\n${result.output.trim().slice(-4000)}`);
  return result.output;
}
