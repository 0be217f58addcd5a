import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shellQuote } from "./shell-quote";

/** Scripts of src/scripts that run on hosts by name, each with the libraries that stand in front of it. */
const LIBRARIES = {
  "preflight-host": ["lib"],
  "join-tailnet": ["lib"],
  "install-k3s": ["lib"],
  "read-cluster": ["lib"],
  "wait-for-node": ["lib"],
} as const;

export type ScriptName = keyof typeof LIBRARIES;

/** Environment of a script; names as the script's header lists them. */
export type ScriptEnvironment = Readonly<Record<string, string>>;

/** Export lines, the libraries and the script itself, unchanged: what a host's shell reads from its stdin. */
export function renderScript(script: ScriptName, environment: ScriptEnvironment): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${shellQuote(value)}\n`);
  const files = [...LIBRARIES[script], script].map((file) => readFileSync(join(__dirname, "..", "scripts", `${file}.sh`), "utf8"));
  return [...exports, ...files].join("");
}
