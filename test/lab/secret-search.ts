import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { RecordedProgram } from "../../lab/hosts/argv-recorder";
import type { LabHost } from "../../lab/hosts/host";

/** A value that nobody may see in clear, under the name by which a finding is told. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

/** A value in base64 as it stands inside a longer text, for each of the three ways that it can fall on groups of three bytes. */
function base64Forms(value: string): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from("\0".repeat(shift) + value).toString("base64");
    // The first characters hold bits of what stands before; the last one before the padding, bits of what comes behind.
    const start = [0, 2, 3][shift] ?? 0;
    return encoded.endsWith("=") ? encoded.replace(/.=+$/, "").slice(start) : encoded.slice(start);
  });
}

const formsOf = ({ value }: Secret): readonly string[] => [value, ...base64Forms(value)];

/** Names of the secrets that a text shows, plain or in base64. */
export function secretsIn(text: string, secrets: readonly Secret[]): string[] {
  return secrets.filter((secret) => formsOf(secret).some((form) => text.includes(form))).map(({ name }) => name);
}

const lines = (text: string): string[] => text.split("\n").filter(Boolean);

/** The lines of a key's body. The first one of an OpenSSH key is the same in all keys of its kind. */
export function keyLines(name: string, pem: string): Secret[] {
  const body = lines(pem).filter((line) => !line.startsWith("-----"));
  return (pem.includes("OPENSSH") ? body.slice(1) : body)
    .filter((line) => line.length >= 24)
    .map((value, i) => ({ name: `${name}, line ${i + 1}`, value }));
}

/** Programs that were given a secret among their arguments. */
export function inArguments(programs: readonly RecordedProgram[], secrets: readonly Secret[]): string[] {
  return programs.flatMap(({ place, argv }) =>
    secretsIn(argv.join("\n"), secrets).map((name) => `argv of ${argv[0] ?? ""} at ${place}: ${name}`),
  );
}

/** Files below a folder that hold a secret in clear. */
export function inFiles(folder: string, secrets: readonly Secret[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const file = join(entry.parentPath, entry.name);
      return secretsIn(readFileSync(file, "latin1"), secrets).map((name) => `${file}: ${name}`);
    });
}

// The values come on standard input and lie where only root looks while the search runs.
const SEARCH_HOST = `
umask 077; values=$(mktemp -p /root); trap 'rm -f "$values"' EXIT; cat >"$values"
journalctl --all --no-pager --output=export | grep -caFf "$values" | sed -n 's/^[1-9].*/journal: & lines/p'
grep -rlaFf "$values" /var/log 2>/dev/null | sed 's/^/log /' || true
setpriv --reuid=65534 --regid=65534 --clear-groups find /etc /usr/local /var /run /tmp -type f -readable -size -20M -print0 2>/dev/null |
  xargs -0 -r grep -laFf "$values" 2>/dev/null | sed 's/^/world-readable /' || true`;

/** Where a host shows a secret: its journal, its logs, and files that anybody there can read. */
export async function onHost(host: LabHost, secrets: readonly Secret[]): Promise<string[]> {
  const input = `${secrets.flatMap(formsOf).join("\n")}\n`;
  return lines(await host.exec(SEARCH_HOST, { input, timeoutMs: 60_000 })).map((line) => `${host.name}: ${line}`);
}
