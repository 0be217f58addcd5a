import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { binFolder } from "./link-program";
import type { Program } from "./programs";
import { runProgram } from "./run-program";

/** The path that a LAB_* variable gives, checked; undefined where it is not set. */
export function givenPath(variable: string, mode: "program" | "file" = "program"): string | undefined {
  const given = process.env[variable];
  if (given === undefined || given === "") return undefined;
  const file = path.resolve(given);
  if (!isFile(file, mode)) {
    throw new Error(
      `${variable}=${given} is not ${mode === "program" ? "an executable file" : "a file"}. Correct it, or unset it to let the lab get its own.`,
    );
  }
  return file;
}

/** Where PATH has a file of this name; the lab's own folder, which an operator may have there, does not count. */
export function onPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder) && path.resolve(folder) !== binFolder);
  return folders.map((folder) => path.join(folder, name)).find((file) => isFile(file, "program"));
}

/** The program on PATH, if it is of the version that the lab is made for. */
export async function onPathInVersion(program: Program): Promise<string | undefined> {
  const found = onPath(program.name);
  if (found === undefined) return undefined;
  const { output } = await runProgram([found, ...program.versionArguments]);
  return versionIn(output) === program.version ? found : undefined;
}

/** The version that a program prints, in the program's own form (`v1.35.4+k3s1`, `1.88.3`). */
export async function reportedVersion(file: string, versionArguments: readonly string[]): Promise<string> {
  const { output } = await runProgram([file, ...versionArguments]);
  const version = versionIn(output);
  if (version === undefined) throw new Error(`${file} ${versionArguments.join(" ")} prints no version: ${output.trim()}`);
  return version;
}

const versionIn = (output: string): string | undefined => /v?\d+\.\d+\.\d+(?:[+][\w.]+)?/.exec(output)?.[0];

function isFile(file: string, mode: "program" | "file"): boolean {
  try {
    accessSync(file, mode === "program" ? constants.X_OK : constants.R_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
