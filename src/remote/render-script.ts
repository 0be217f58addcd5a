import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { gzipSync } from "fflate";
import { shellQuote } from "./shell-quote";
import { withoutComments } from "./without-comments";

/** Scripts of src/scripts that the program runs on hosts. (leave-host and remove-node are run by the tools.) */
export type ScriptName = "preflight-host" | "join-tailnet" | "install-k3s" | "read-cluster" | "wait-for-node";

/** Environment of a script; names as the script's header lists them. */
export type ScriptEnvironment = Readonly<Record<string, string>>;

/**
 * What a host's shell reads from its stdin: export lines, then lib.sh, the libraries that the script's header names, and the script
 * itself, all without their comments and packed.
 */
export function renderScript(script: ScriptName, environment: ScriptEnvironment): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${shellQuote(value)}\n`);
  return exports.join("") + packed(script);
}

/**
 * Shell that puts a secret into a file which only root reads. Beside it and renamed, so that a reader never sees half of it; printf is the
 * shell's own, so the secret is no word of a process.
 */
export function renderSecretFile(path: string, secret: string): string {
  const [folder, unfinished, file] = [posix.dirname(path), `${path}.new`, path].map(shellQuote);
  return `(umask 077 && mkdir -p ${folder} && printf %s ${shellQuote(secret)} >${unfinished} && mv -f ${unfinished} ${file}) || exit 1\n`;
}

/** Packed once: every node's links run the same few scripts. */
const known = new Map<ScriptName, string>();

/**
 * The state holds each command's stdin twice, and the engine writes the whole state before and after each step: plain scripts were four
 * fifths of it. In a preview's diff what is set stays readable, and the scripts of another release are one line.
 * By fflate, because Node's zlib gives other bytes in other releases, which would run every script of a stack anew.
 */
function packed(script: ScriptName): string {
  const before = known.get(script);
  if (before !== undefined) return before;
  const bytes = gzipSync(Buffer.from(bodyOf(script)), { level: 9, mtime: 0 });
  const text = unpacking(Buffer.from(bytes).toString("base64"));
  known.set(script, text);
  return text;
}

// gzip and base64 are on every Debian and Ubuntu (Essential: yes).
const unpacking = (base64: string): string => `script=$(base64 -d <<'PACKED' | gzip -d
${base64}
PACKED
) && [ -n "$script" ] || { echo "cannot unpack the script that came: gzip and base64 must be on this host" >&2; exit 1; }
eval "$script"
`;

function bodyOf(script: ScriptName): string {
  const main = readScript(script);
  const libraries = /^# Libraries:(.*)$/m.exec(main)?.[1]?.match(/[\w-]+(?=\.sh)/g) ?? [];
  return [...["lib", ...libraries].map(readScript), main].map(withoutComments).join("");
}

function readScript(name: string): string {
  return readFileSync(join(__dirname, "..", "scripts", `${name}.sh`), "utf8");
}
