/** Key types that a host may be pinned by: what OpenSSH's server makes today, but for RSA, which it is leaving behind as it has DSA. */
export const hostKeyTypes = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
const keyTypes = [...hostKeyTypes, "ssh-rsa"];

/** Type and key without the comment; undefined where the text is no public key. The key's own first field repeats the type (RFC 4253, 6.6). */
export function readHostKey(text: string): string | undefined {
  const [type, key] = text.trim().split(/\s+/);
  if (type === undefined || key === undefined || !keyTypes.includes(type) || !/^[A-Za-z0-9+/]+={0,2}$/.test(key)) return undefined;
  const bytes = Buffer.from(key, "base64");
  if (bytes.length < 4 + type.length + 32 || bytes.readUInt32BE(0) !== type.length) return undefined;
  return bytes.toString("latin1", 4, 4 + type.length) === type ? `${type} ${key}` : undefined;
}

/** Bits of the modulus in an RSA public key, its third field (RFC 4253, 6.6); undefined for other kinds. */
export function rsaBits(line: string): number | undefined {
  const [type, key = ""] = readHostKey(line)?.split(" ") ?? [];
  if (type !== "ssh-rsa") return undefined;
  const bytes = Buffer.from(key, "base64");
  const fieldAt = (start: number) => {
    const end = start + 4 + (start + 4 <= bytes.length ? bytes.readUInt32BE(start) : 0);
    return { end, bytes: bytes.subarray(start + 4, end) };
  };
  const modulus = fieldAt(fieldAt(fieldAt(0).end).end).bytes;
  const first = modulus.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (modulus.length - first) * 8 - (Math.clz32(modulus[first] ?? 0) - 24);
}
