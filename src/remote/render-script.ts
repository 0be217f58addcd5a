import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shellQuote } from "./shell-quote";

/** Scripts of src/scripts that the program runs on hosts. (leave-host and remove-node are run by the tools.) */
export type ScriptName = "preflight-host" | "join-tailnet" | "install-k3s" | "read-cluster" | "wait-for-node";

/** Environment of a script; names as the script's header lists them. */
export type ScriptEnvironment = Readonly<Record<string, string>>;

/**
 * What a host's shell reads from its stdin: export lines, lib.sh, the libraries that the script's header names, and the
 * script itself, all unchanged.
 */
export function renderScript(script: ScriptName, environment: ScriptEnvironment): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${shellQuote(value)}\n`);
  return exports.join("") + bodyOf(script);
}

/** Read once: every node's links run the same few scripts. */
const bodies = new Map<ScriptName, string>();

function bodyOf(script: ScriptName): string {
  const known = bodies.get(script);
  if (known !== undefined) return known;
  const main = readScript(script);
  const libraries = /^# Libraries:(.*)$/m.exec(main)?.[1]?.match(/[\w-]+(?=\.sh)/g) ?? [];
  const body = [...["lib", ...libraries].map(readScript), main].join("");
  bodies.set(script, body);
  return body;
}

function readScript(name: string): string {
  return readFileSync(join(__dirname, "..", "scripts", `${name}.sh`), "utf8");
}
