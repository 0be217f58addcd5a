import { spawn } from "node:child_process";

export interface ProgramResult {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end and keeps what it printed, both streams in order. Rejects only if it cannot be started. */
export function runProgram(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ProgramResult> {
  const [file = "", ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, rest, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code: code ?? 1, output: signal === null ? output : `${output}\nended by ${signal}` }));
  });
}

/** Like runProgram, but an exit code other than 0 is an error that shows the command and the end of its output. */
export async function runOrFail(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const result = await runProgram(argv, options);
  if (result.code !== 0)
    throw new Error(`\`${argv.join(" ")}\` failed with exit code ${result.code}:\n${result.output.trim().slice(-4000)}`);
  return result.output;
}
