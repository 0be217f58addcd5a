import { readKey } from "../../operator-tools/ssh/ssh-keys.cjs";

/** The public half of a private key as one line of authorized_keys; undefined where the text is no key that can be read. */
export function publicKeyOf(privateKey: string): string | undefined {
  const found = readKey(privateKey);
  return found instanceof Error ? undefined : `${found.key.type} ${found.key.getPublicSSH().toString("base64")}`;
}
