const { createPrivateKey } = require("node:crypto");
const { utils } = require("ssh2");

/** @typedef {import("ssh2").ParsedKey} ParsedKey */

/** Key types that a host may be pinned by: what OpenSSH's server makes today, but for RSA, which it is leaving behind as it has DSA. */
const hostKeyTypes = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
const keyTypes = [...hostKeyTypes, "ssh-rsa"];

/**
 * The two words of a public key's line, whatever they are; "" for one that is missing.
 * @type {(line: string) => { type: string; key: string }}
 */
function splitPublicKey(line) {
  const [type = "", key = ""] = line.trim().split(/\s+/);
  return { type, key };
}

/**
 * The type that a public key's own bytes begin with (RFC 4253, 6.6); undefined where they are no key's.
 * @type {(bytes: Buffer) => string | undefined}
 */
function typeInKey(bytes) {
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  return length > 0 && length < 64 && bytes.length >= 4 + length ? bytes.toString("latin1", 4, 4 + length) : undefined;
}

/**
 * Type and key without the comment; undefined where the text is no public key.
 * @type {(text: string) => string | undefined}
 */
function readHostKey(text) {
  const { type, key } = splitPublicKey(text);
  if (!keyTypes.includes(type) || !/^[A-Za-z0-9+/]+={0,2}$/.test(key)) return undefined;
  const bytes = Buffer.from(key, "base64");
  return bytes.length >= 4 + type.length + 32 && typeInKey(bytes) === type ? `${type} ${key}` : undefined;
}

/**
 * Bits of the modulus in an RSA public key, its third field (RFC 4253, 6.6); undefined for other kinds.
 * @type {(line: string) => number | undefined}
 */
function rsaBits(line) {
  const [type, key = ""] = readHostKey(line)?.split(" ") ?? [];
  if (type !== "ssh-rsa") return undefined;
  const bytes = Buffer.from(key, "base64");
  /** @type {(start: number) => { end: number; bytes: Buffer }} */
  const fieldAt = (start) => {
    const end = start + 4 + (start + 4 <= bytes.length ? bytes.readUInt32BE(start) : 0);
    return { end, bytes: bytes.subarray(start + 4, end) };
  };
  const modulus = fieldAt(fieldAt(fieldAt(0).end).end).bytes;
  const first = modulus.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (modulus.length - first) * 8 - (Math.clz32(modulus[first] ?? 0) - 24);
}

/**
 * A key's text in a form that ssh2 reads, with what it reads there; the error where it reads none.
 * @type {(text: string) => { form: string; key: ParsedKey } | Error}
 */
function readKey(text) {
  const plain = `${text.trim()}\n`;
  const form = text.includes("BEGIN PRIVATE KEY") ? fromPkcs8(plain) : plain;
  if (form instanceof Error) return form;
  const key = utils.parseKey(form);
  return key instanceof Error ? key : { form, key };
}

/**
 * OpenSSL writes PKCS#8 (`BEGIN PRIVATE KEY`), which ssh2 does not read: RSA and EC keys go over by way of their older forms.
 * @type {(text: string) => string | Error}
 */
function fromPkcs8(text) {
  try {
    const key = createPrivateKey(text);
    return key.export({ type: key.asymmetricKeyType === "rsa" ? "pkcs1" : "sec1", format: "pem" }).toString();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

module.exports = { hostKeyTypes, readHostKey, readKey, rsaBits, splitPublicKey, typeInKey };
