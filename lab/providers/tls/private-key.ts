import { type KeyObject, createHash, createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { type CheckFailure, checkProperties } from "../plugin/check-properties";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, UNKNOWN, textOf } from "../plugin/property-values";
import type { ResourceType } from "../plugin/provider";
import { md5Fingerprint, openSshKey, sha256Fingerprint } from "./open-ssh-key";

const generate = promisify(generateKeyPair);

/** hashicorp/terraform-provider-tls: docs/resources/private_key.md. */
const DEFAULTS = { ecdsaCurve: "P224", rsaBits: 2048 };

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  algorithm: ["RSA", "ECDSA", "ED25519"],
  ecdsaCurve: ["P224", "P256", "P384", "P521"],
};

const COMPUTED = [
  "privateKeyOpenssh",
  "privateKeyPem",
  "privateKeyPemPkcs8",
  "publicKeyFingerprintMd5",
  "publicKeyFingerprintSha256",
  "publicKeyOpenssh",
  "publicKeyPem",
];

/** tls:index/privateKey:PrivateKey: made once, kept in state, and nowhere else. */
export function privateKeyResource(type: ObjectType): ResourceType {
  return {
    check: (inputs) => ({ inputs, failures: [...checkProperties(inputs, type), ...wrongChoices(inputs)] }),
    // Every input makes another key, though the engine need not know about defaults that are written out.
    diff: (_id, olds, news, changed) => {
      const settled: Properties = { ...DEFAULTS, ...news };
      const same = changed.filter((name) => olds[name] === settled[name]);
      return Promise.resolve({ replaces: changed, same });
    },
    create: async (inputs, { preview }) => {
      const settled = { ...DEFAULTS, ...inputs };
      if (preview) return { id: "", outputs: { ...settled, ...Object.fromEntries(COMPUTED.map((name) => [name, UNKNOWN])) } };
      const key = await makeKey(textOf(settled, "algorithm"), textOf(settled, "ecdsaCurve"), Number(settled.rsaBits));
      const publicKey = createPublicKey(key);
      const id = createHash("sha1")
        .update(publicKey.export({ type: "spki", format: "der" }))
        .digest("hex");
      return { id, outputs: { ...settled, ...formsOf(key, publicKey) } };
    },
    update: () => Promise.reject(new Error("a private key has no input that can change in place")),
    delete: () => Promise.resolve(),
  };
}

function wrongChoices(inputs: Properties): CheckFailure[] {
  return Object.entries(CHOICES).flatMap(([property, choices]) => {
    const value = inputs[property];
    if (typeof value !== "string" || value === UNKNOWN || choices.includes(value)) return [];
    const allowed = choices.map((choice) => JSON.stringify(choice)).join(" ");
    return [{ property, reason: `Attribute ${property} value must be one of: [${allowed}], got: ${JSON.stringify(value)}` }];
  });
}

async function makeKey(algorithm: string, curve: string, bits: number): Promise<KeyObject> {
  switch (algorithm) {
    case "ED25519":
      return (await generate("ed25519", {})).privateKey;
    case "RSA":
      return (await generate("rsa", { modulusLength: bits })).privateKey;
    case "ECDSA":
      return (await generate("ec", { namedCurve: curve.replace("P", "P-") })).privateKey;
    default:
      throw new Error(`unsupported private key algorithm ${JSON.stringify(algorithm)}`);
  }
}

/** The forms of hashicorp/terraform-provider-tls: internal/provider/common_key.go. Without a form for SSH those fields are empty. */
function formsOf(key: KeyObject, publicKey: KeyObject): Properties {
  const forms = {
    privateKeyPem: traditionalPem(key),
    privateKeyPemPkcs8: text(key.export({ type: "pkcs8", format: "pem" })),
    publicKeyPem: text(publicKey.export({ type: "spki", format: "pem" })),
  };
  if (key.asymmetricKeyDetails?.namedCurve === "secp224r1") {
    return { ...forms, privateKeyOpenssh: "", publicKeyOpenssh: "", publicKeyFingerprintMd5: "", publicKeyFingerprintSha256: "" };
  }
  const ssh = openSshKey(key);
  return {
    ...forms,
    privateKeyOpenssh: ssh.privateKey,
    // Go's MarshalAuthorizedKey, which the provider uses, ends it with a newline.
    publicKeyOpenssh: `${ssh.type} ${ssh.wire.toString("base64")}\n`,
    publicKeyFingerprintMd5: md5Fingerprint(ssh),
    publicKeyFingerprintSha256: sha256Fingerprint(ssh),
  };
}

function traditionalPem(key: KeyObject): string {
  if (key.asymmetricKeyType === "rsa") return text(key.export({ type: "pkcs1", format: "pem" }));
  if (key.asymmetricKeyType === "ec") return text(key.export({ type: "sec1", format: "pem" }));
  return text(key.export({ type: "pkcs8", format: "pem" }));
}

const text = (pem: string | Buffer): string => pem.toString();
