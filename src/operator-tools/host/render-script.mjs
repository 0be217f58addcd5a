import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { exportLines, shellQuote } from "./shell-quote.cjs";
import { codeOf, ToolError } from "../run/tool-error.mjs";

/** @typedef {Readonly<Record<string, string | number | boolean>>} Environment */
/** @typedef {{ readonly folder?: URL }} ScriptSource The folder of scripts; default: src/host-scripts of this checkout */
/** @typedef {{ readonly path: string; readonly secret: string }} SecretFile */

const SCRIPTS = new URL("../../host-scripts/", import.meta.url);

/**
 * A script of this checkout as a host's shell reads it from stdin: export lines, lib.sh, the libraries that its header names, the file
 * unchanged. Without TypeScript, because `npm ci` alone must be enough to remove a node.
 * @type {(name: string, environment: Environment, scripts?: ScriptSource) => string}
 */
export function renderScript(name, environment, { folder = SCRIPTS } = {}) {
  return exportLines(environment) + bodyOf(name, folder);
}

/** @type {(name: string, folder: URL) => string} */
function bodyOf(name, folder) {
  const script = readScript(folder, name);
  const libraries = /^# Libraries:(.*)$/m.exec(script)?.[1]?.match(/[\w-]+(?=\.sh)/g) ?? [];
  return [...["lib", ...libraries].map((file) => readScript(folder, file)), script].join("");
}

/**
 * Read once a process: every node's links run the same few scripts.
 * @type {Map<string, string>}
 */
const digests = new Map();

/**
 * Another one for each text that a script of this checkout ever had, its libraries included, but for comments and blank lines: those are no
 * reason to log in to every host. 16 hexadecimal digits.
 * @type {(name: string, scripts?: ScriptSource) => string}
 */
export function scriptDigest(name, { folder = SCRIPTS } = {}) {
  const key = `${folder.href}${name}`;
  const known = digests.get(key);
  if (known !== undefined) return known;
  const text = bodyOf(name, folder).replace(/^[ \t]*(#(?!!).*)?\n/gm, "");
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  digests.set(key, digest);
  return digest;
}

/**
 * Shell that puts a secret into a file which only root reads. Beside it and renamed, so that a reader never sees half of it; printf is the
 * shell's own, so the secret is no word of a process.
 * @type {(file: SecretFile) => string}
 */
export function secretFileLine({ path, secret }) {
  const [folder, unfinished, file] = [shellQuote(posix.dirname(path)), shellQuote(`${path}.new`), shellQuote(path)];
  return `(umask 077 && mkdir -p ${folder} && printf %s ${shellQuote(secret)} >${unfinished} && mv -f ${unfinished} ${file}) || exit 1\n`;
}

/** @type {(folder: URL, name: string) => string} */
function readScript(folder, name) {
  try {
    return readFileSync(new URL(`${name}.sh`, folder), "utf8");
  } catch (error) {
    throw new ToolError(
      `This checkout lacks src/host-scripts/${name}.sh (${codeOf(error)}). Restore it (git checkout -- src/host-scripts) and run again.`,
    );
  }
}
