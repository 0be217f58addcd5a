import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, createPrivateKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, describe, it } from "node:test";
import { promisify } from "node:util";
import type { ObjectType } from "../../lab/providers/plugin/property-types";
import { type Properties, UNKNOWN, textOf } from "../../lab/providers/plugin/property-values";
import { privateKeyResource } from "../../lab/providers/tls/private-key";

const run = promisify(execFile);

const optional = (kind: "string" | "number") => ({ type: { kind }, required: false });
const INPUTS: ObjectType = {
  kind: "object",
  name: "index.PrivateKeyArgs",
  properties: { algorithm: { type: { kind: "string" }, required: true }, ecdsaCurve: optional("string"), rsaBits: optional("number") },
};
const resource = privateKeyResource(INPUTS);
const OPERATION = {
  urn: "",
  cancelled: new AbortController().signal,
  log: { status: () => undefined, warn: () => undefined, error: () => undefined },
};

const create = (inputs: Properties, preview = false) => resource.create(inputs, { ...OPERATION, preview });

async function keyFile(test: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hybrid-k3s-tls-"));
  test.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "key");
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

const KINDS: readonly Properties[] = [
  { algorithm: "ED25519" },
  { algorithm: "ECDSA", ecdsaCurve: "P256" },
  { algorithm: "ECDSA", ecdsaCurve: "P384" },
  { algorithm: "ECDSA", ecdsaCurve: "P521" },
  { algorithm: "RSA", rsaBits: 2048 },
];

// https://registry.terraform.io/providers/hashicorp/tls/latest/docs/resources/private_key, on which pulumi-tls stands
describe("tls.PrivateKey", { concurrency: 2 }, () => {
  for (const inputs of KINDS) {
    it(`makes keys of ${JSON.stringify(inputs)} that OpenSSH reads`, async (test) => {
      // Leading zeros and paddings differ from key to key.
      for (let round = 0; round < (inputs["algorithm"] === "RSA" ? 3 : 12); round++) {
        const { outputs, id } = await create(inputs);
        const file = await keyFile(test, textOf(outputs, "privateKeyOpenssh"));
        const { stdout } = await run("ssh-keygen", ["-y", "-f", file]);
        assert.equal(stdout.trim(), textOf(outputs, "publicKeyOpenssh").trim());
        assert.match(textOf(outputs, "publicKeyOpenssh"), /^\S+ \S+\n$/);
        const { stdout: fingerprint } = await run("ssh-keygen", ["-l", "-f", file]);
        assert.equal(fingerprint.split(" ")[1], outputs["publicKeyFingerprintSha256"]);
        assert.match(id, /^[0-9a-f]{40}$/);
      }
    });
  }

  it("gives the same key as PEM in the form of its algorithm and as PKCS 8", async () => {
    const labels = { ED25519: "PRIVATE KEY", ECDSA: "EC PRIVATE KEY", RSA: "RSA PRIVATE KEY" };
    for (const [algorithm, label] of Object.entries(labels)) {
      const { outputs } = await create({ algorithm, ecdsaCurve: "P256" });
      assert.match(textOf(outputs, "privateKeyPem"), new RegExp(`^-----BEGIN ${label}-----\n`));
      assert.ok(createPrivateKey(textOf(outputs, "privateKeyPem")).equals(createPrivateKey(textOf(outputs, "privateKeyPemPkcs8"))));
      assert.match(textOf(outputs, "publicKeyPem"), /^-----BEGIN PUBLIC KEY-----\n/);
    }
  });

  it("has no form for SSH of P224, and an MD5 fingerprint of the others", async () => {
    const { outputs: small } = await create({ algorithm: "ECDSA" });
    assert.equal(small["ecdsaCurve"], "P224");
    assert.deepEqual([small["privateKeyOpenssh"], small["publicKeyOpenssh"]], ["", ""]);
    const { outputs } = await create({ algorithm: "ED25519" });
    const wire = Buffer.from(textOf(outputs, "publicKeyOpenssh").split(" ")[1] ?? "", "base64");
    const md5 = createHash("md5").update(wire).digest("hex");
    assert.equal(textOf(outputs, "publicKeyFingerprintMd5").replaceAll(":", ""), md5);
  });

  it("makes nothing in a preview", async () => {
    const { id, outputs } = await create({ algorithm: "ED25519" }, true);
    assert.equal(id, "");
    for (const name of ["privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintSha256"]) assert.equal(outputs[name], UNKNOWN);
  });

  it("replaces on every change of an input, and takes written out defaults for none", async () => {
    const { id, outputs } = await create({ algorithm: "ECDSA" });
    const changed = await resource.diff(id, outputs, { algorithm: "ECDSA", ecdsaCurve: "P256" }, ["ecdsaCurve"]);
    assert.deepEqual(changed, { replaces: ["ecdsaCurve"], same: [] });
    const same = await resource.diff(id, outputs, { algorithm: "ECDSA", ecdsaCurve: "P224" }, ["ecdsaCurve"]);
    assert.deepEqual(same, { replaces: ["ecdsaCurve"], same: ["ecdsaCurve"] });
  });

  it("refuses other algorithms and inputs", () => {
    const context = { urn: "", olds: {}, randomSeed: new Uint8Array() };
    const reasons = resource.check({ algorithm: "DSA", bits: 1 }, context).failures.map(({ property }) => property);
    assert.deepEqual(reasons, ["bits", "algorithm"]);
  });
});
