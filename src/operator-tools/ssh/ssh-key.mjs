import { faults } from "./ssh-fault.mjs";
import { readKey } from "./ssh-keys.cjs";

/** @import { SshTarget } from "./ssh-fault.mjs" */

/**
 * The private key in a form that ssh2 reads, or the fault that names what is wrong with it.
 * @type {(text: string, at: SshTarget) => string}
 */
export function usableKey(text, at) {
  const found = readKey(text);
  if (found instanceof Error) {
    const isProtected = /passphrase/i.test(found.message);
    throw faults.credentials(at, isProtected ? "its private key is protected by a passphrase" : "its private key cannot be read");
  }
  if (!found.key.isPrivateKey()) throw faults.credentials(at, "what is given as its private key is a public key");
  return found.form;
}
