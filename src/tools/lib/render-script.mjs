import { readFileSync } from "node:fs";
import { ToolError } from "./tool-error.mjs";

const SCRIPTS = new URL("../../scripts/", import.meta.url);

/**
 * A script of this checkout as a host's shell reads it from stdin: export lines, lib.sh, the libraries that its header
 * names, the file unchanged. What src/remote/render-script.ts sends as well, but neither packed nor without its comments, as no state holds it;
 * and without TypeScript, because `npm ci` alone must be enough to remove a node.
 */
export function renderScript(name, environment, { folder = SCRIPTS } = {}) {
  const script = readScript(folder, name);
  const libraries = /^# Libraries:(.*)$/m.exec(script)?.[1].trim().split(/\s+/).filter(Boolean) ?? [];
  const files = ["lib", ...libraries.map((file) => file.replace(/\.sh$/, "")).filter((file) => file !== "lib")];
  return exportLines(environment) + files.map((file) => readScript(folder, file)).join("") + script;
}

/** `export NAME='value'` for each entry. */
export function exportLines(environment) {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}=${shellQuote(String(value))}\n`)
    .join("");
}

/** One word of POSIX shell that stands for exactly this text. */
export function shellQuote(text) {
  if (text.includes("\0")) throw new ToolError("A NUL byte cannot be given to a shell.");
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function readScript(folder, name) {
  try {
    return readFileSync(new URL(`${name}.sh`, folder), "utf8");
  } catch (error) {
    throw new ToolError(
      `This checkout lacks src/scripts/${name}.sh (${error.code}). Restore it (git checkout -- src/scripts) and run again.`,
    );
  }
}
