// @ts-check
import { createPrivateKey } from "node:crypto";
import ssh2 from "ssh2";
import { faults } from "./ssh-fault.mjs";

/** @import { SshTarget } from "./ssh-fault.mjs" */

/**
 * The private key in a form that ssh2 reads, or the fault that names what is wrong with it.
 * @type {(text: string, at: SshTarget) => string | Buffer}
 */
export function usableKey(text, at) {
  const candidates = [() => text.trim() + "\n", () => fromPkcs8(text)];
  let seen = "its private key cannot be read";
  for (const candidate of candidates) {
    try {
      const form = candidate();
      const parsed = ssh2.utils.parseKey(form);
      if (!(parsed instanceof Error)) {
        if ([parsed].flat().some((key) => key.isPrivateKey())) return form;
        seen = "what is given as its private key is a public key";
      } else if (/passphrase/i.test(parsed.message)) seen = "its private key is protected by a passphrase";
    } catch {
      // The next form, or the fault below: crypto's own messages say nothing of use about the key.
    }
  }
  throw faults.credentials(at, seen);
}

/**
 * OpenSSL writes PKCS#8 (`BEGIN PRIVATE KEY`), which ssh2 does not read: RSA and EC keys go over by way of their older forms.
 * @type {(text: string) => string | Buffer}
 */
function fromPkcs8(text) {
  const key = createPrivateKey(text);
  if (key.asymmetricKeyType !== "rsa" && key.asymmetricKeyType !== "ec") throw new Error(`no older form of ${key.asymmetricKeyType}`);
  return key.export({ type: key.asymmetricKeyType === "rsa" ? "pkcs1" : "sec1", format: "pem" });
}
