import { createPrivateKey } from "node:crypto";
import { utils } from "ssh2";

/** The public half of a private key as one line of authorized_keys; undefined where the text is no key that can be read. */
export function publicKeyOf(privateKey: string): string | undefined {
  const parsed = utils.parseKey(privateKey.includes("BEGIN PRIVATE KEY") ? withoutPkcs8(privateKey) : privateKey);
  return parsed instanceof Error ? undefined : `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`;
}

/** ssh2 reads no PKCS#8, but the older forms of the same key. */
function withoutPkcs8(privateKey: string): string {
  try {
    const key = createPrivateKey(privateKey);
    return key.export({ type: key.asymmetricKeyType === "rsa" ? "pkcs1" : "sec1", format: "pem" }).toString();
  } catch {
    return "";
  }
}
