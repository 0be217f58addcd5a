import { type JsonWebKey, type KeyObject, createHash, randomBytes } from "node:crypto";

const MAGIC = "openssh-key-v1\0";
const CIPHER_BLOCK = 8;
const PEM_WIDTH = 64;

/** RFC 5656, section 10.1: the curves that SSH has names for. P224 is not among them. */
const SSH_CURVES: Readonly<Record<string, string>> = { "P-256": "nistp256", "P-384": "nistp384", "P-521": "nistp521" };

export interface OpenSshKey {
  /** The public key as it goes over the wire (RFC 4253, section 6.6). */
  readonly wire: Buffer;
  readonly type: string;
  readonly privateKey: string;
}

/** The forms in which OpenSSH reads a key (openssh-portable: PROTOCOL.key). */
export function openSshKey(key: KeyObject): OpenSshKey {
  const { type, publicFields, privateFields } = sshFields(key.export({ format: "jwk" }));
  const wire = Buffer.concat([text(type), ...publicFields]);
  const check = randomBytes(4);
  const secret = padded(Buffer.concat([check, check, text(type), ...privateFields, text("")]));
  const envelope = [Buffer.from(MAGIC), text("none"), text("none"), text(""), uint32(1), sized(wire), sized(secret)];
  return { wire, type, privateKey: pem("OPENSSH PRIVATE KEY", Buffer.concat(envelope)) };
}

export const md5Fingerprint = ({ wire }: OpenSshKey): string => (createHash("md5").update(wire).digest("hex").match(/../g) ?? []).join(":");

export const sha256Fingerprint = ({ wire }: OpenSshKey): string =>
  `SHA256:${createHash("sha256").update(wire).digest("base64").replace(/=+$/, "")}`;

function sshFields(jwk: JsonWebKey): { type: string; publicFields: readonly Buffer[]; privateFields: readonly Buffer[] } {
  const part = (name: "n" | "e" | "d" | "p" | "q" | "qi" | "x" | "y"): Buffer => Buffer.from(jwk[name] ?? "", "base64url");
  if (jwk.kty === "OKP") {
    const point = part("x");
    return {
      type: "ssh-ed25519",
      publicFields: [sized(point)],
      privateFields: [sized(point), sized(Buffer.concat([part("d"), point]))],
    };
  }
  if (jwk.kty === "RSA") {
    const [n, e] = [integer(part("n")), integer(part("e"))];
    const privateFields = [n, e, ...(["d", "qi", "p", "q"] as const).map((name) => integer(part(name)))];
    return { type: "ssh-rsa", publicFields: [e, n], privateFields };
  }
  const curve = SSH_CURVES[jwk.crv ?? ""];
  if (curve === undefined) throw new Error(`OpenSSH has no name for the curve ${jwk.crv}`);
  const point = sized(Buffer.concat([Buffer.of(4), part("x"), part("y")]));
  return {
    type: `ecdsa-sha2-${curve}`,
    publicFields: [text(curve), point],
    privateFields: [text(curve), point, integer(part("d"))],
  };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const sized = (bytes: Buffer): Buffer => Buffer.concat([uint32(bytes.length), bytes]);

const text = (value: string): Buffer => sized(Buffer.from(value));

/** A positive mpint (RFC 4251, section 5): as short as can be, with a zero in front where the first bit is set. */
function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
  return sized((digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

function padded(bytes: Buffer): Buffer {
  const missing = (CIPHER_BLOCK - (bytes.length % CIPHER_BLOCK)) % CIPHER_BLOCK;
  return Buffer.concat([bytes, Buffer.from(Array.from({ length: missing }, (_, index) => index + 1))]);
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(new RegExp(`.{1,${PEM_WIDTH}}`, "g")) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
