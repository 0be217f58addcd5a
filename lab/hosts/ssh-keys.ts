import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { inState } from "../paths";
import { runOrFail } from "./run-command";

const keyTypes = ["rsa", "ecdsa", "ed25519"] as const;

const makeKey = (file: string, type: string, comment: string) =>
  runOrFail(["ssh-keygen", "-q", "-N", "", "-t", type, "-C", comment, "-f", file]);

/** The operator's key pair, made at the first start. */
export async function ensureOperatorKey(): Promise<string> {
  const file = inState("ssh", "operator");
  mkdirSync(inState("ssh"), { recursive: true, mode: 0o700 });
  if (!existsSync(file)) await makeKey(file, "ed25519", "operator@lab");
  return file;
}

/** A host's keys, of the three types that Debian makes, so that clients meet the same choice as elsewhere. */
export async function ensureHostKeys(host: string): Promise<void> {
  const directory = inState("ssh", "hosts", host);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const type of keyTypes) {
    const file = `${directory}/ssh_host_${type}_key`;
    if (!existsSync(`${file}.pub`)) {
      rmSync(file, { force: true });
      await makeKey(file, type, `root@${host}`);
    }
  }
}

/** A re-installed host has new keys. */
export async function renewHostKeys(host: string): Promise<void> {
  rmSync(inState("ssh", "hosts", host), { recursive: true, force: true });
  await ensureHostKeys(host);
}

/** Names and contents of the files that hold a host's keys. */
export function hostKeyFiles(host: string): readonly (readonly [string, string])[] {
  const directory = inState("ssh", "hosts", host);
  return readdirSync(directory).map((file) => [file, readFileSync(`${directory}/${file}`, "utf8")]);
}

/** The host's public key as a stack pins it: type and key, no comment. Ed25519, as people do. */
export function hostPublicKey(host: string, type: (typeof keyTypes)[number] = "ed25519"): string {
  const [kind, key] = readFileSync(`${inState("ssh", "hosts", host)}/ssh_host_${type}_key.pub`, "utf8")
    .trim()
    .split(" ");
  return `${kind ?? ""} ${key ?? ""}`;
}
