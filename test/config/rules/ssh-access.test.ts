import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, it } from "node:test";
import { faultsOf, hostKey, privateKey, protectedPrivateKey, warningsOf } from "../../helpers/config-builder";

describe("the rules for SSH credentials", () => {
  it("asks for the SSH key", () => {
    assert.deepEqual(faultsOf({ sshPrivateKey: undefined }), [
      "hybrid-k3s:sshPrivateKey: is missing. Run `pulumi config set --secret hybrid-k3s:sshPrivateKey < ~/.ssh/id_ed25519`, or set access.sshAgent: true to use your SSH agent.",
    ]);
  });

  it("refuses an SSH key beside the agent", () => {
    assert.deepEqual(faultsOf({ "access.sshAgent": true }), [
      "hybrid-k3s:sshPrivateKey: is set, and access.sshAgent is true. Keep one of them: `pulumi config rm hybrid-k3s:sshPrivateKey` removes this one.",
    ]);
  });

  it("refuses a bastion's key beside the agent", () => {
    assert.deepEqual(faultsOf({ "access.sshAgent": true, sshPrivateKey: undefined, bastionPrivateKey: privateKey }), [
      "hybrid-k3s:bastionPrivateKey: is set, and access.sshAgent is true. Keep one of them: `pulumi config rm hybrid-k3s:bastionPrivateKey` removes this one.",
    ]);
  });

  it("refuses an SSH key in plain text", () => {
    assert.deepEqual(faultsOf({}, { secretKeys: new Set(["tailscale:oauthClientSecret"]) }), [
      "hybrid-k3s:sshPrivateKey: is a secret kept in plain text. Run `pulumi config set --secret hybrid-k3s:sshPrivateKey < ~/.ssh/id_ed25519`; if others could read the stack file, make a new key.",
    ]);
  });

  it("refuses a key with a passphrase", () => {
    assert.deepEqual(faultsOf({ sshPrivateKey: protectedPrivateKey }), [
      "hybrid-k3s:sshPrivateKey: is protected by a passphrase, which nobody can type here. Give an unencrypted private key as ssh-keygen writes it: `pulumi config set --secret hybrid-k3s:sshPrivateKey < ~/.ssh/id_ed25519`.",
    ]);
  });

  it("refuses a public key", () => {
    assert.deepEqual(faultsOf({ sshPrivateKey: hostKey(1) }), [
      "hybrid-k3s:sshPrivateKey: is a public key. Give an unencrypted private key as ssh-keygen writes it: `pulumi config set --secret hybrid-k3s:sshPrivateKey < ~/.ssh/id_ed25519`.",
    ]);
  });

  it("refuses what is no key, without repeating it", () => {
    assert.deepEqual(faultsOf({ bastionPrivateKey: "hunter2" }), [
      "hybrid-k3s:bastionPrivateKey: is no SSH private key. Give an unencrypted private key as ssh-keygen writes it: `pulumi config set --secret hybrid-k3s:bastionPrivateKey < ~/.ssh/id_ed25519`.",
    ]);
  });

  it("accepts PKCS#8, save for kinds that cannot be used in this form, and encrypted ones", () => {
    const form = { type: "pkcs8", format: "pem" } as const;
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    const faultOfKey = (key: KeyObject) => faultsOf({ sshPrivateKey: key.export(form) });
    const others = (fault: string) => [
      `hybrid-k3s:sshPrivateKey: ${fault}. Give an unencrypted private key as ssh-keygen writes it: \`pulumi config set --secret hybrid-k3s:sshPrivateKey < ~/.ssh/id_ed25519\`.`,
    ];
    for (const key of [rsa, generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey]) assert.deepEqual(faultOfKey(key), []);
    assert.deepEqual(
      faultOfKey(generateKeyPairSync("ed25519").privateKey),
      others("is a PKCS#8 key of a kind that cannot be used in this form (ed25519)"),
    );
    assert.deepEqual(
      faultOfKey(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey),
      others("is a PKCS#8 key of a kind that cannot be used in this form (ec)"),
    );
    const encrypted = rsa.export({ ...form, cipher: "aes-256-cbc", passphrase: "passphrase" });
    assert.deepEqual(faultsOf({ sshPrivateKey: encrypted }), others("is protected by a passphrase, which nobody can type here"));
    assert.deepEqual(
      faultsOf({ sshPrivateKey: "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----" }),
      others("is no SSH private key"),
    );
  });

  it("refuses PuTTY's format", () => {
    assert.deepEqual(faultsOf({ sshPrivateKey: "PuTTY-User-Key-File-2: ssh-ed25519" }), [
      "hybrid-k3s:sshPrivateKey: is in PuTTY's own format. Give an unencrypted private key as ssh-keygen writes it: `pulumi config set --secret hybrid-k3s:sshPrivateKey < ~/.ssh/id_ed25519`.",
    ]);
  });

  it("accepts the agent without keys", () => {
    assert.deepEqual(faultsOf({ "access.sshAgent": true, sshPrivateKey: undefined }), []);
  });

  it("warns of a bastion's key that no pool uses", () => {
    assert.deepEqual(warningsOf({ "pools.edge.bastion": undefined, bastionPrivateKey: privateKey }), [
      "hybrid-k3s:bastionPrivateKey: no pool has a bastion that would use it.",
    ]);
    assert.deepEqual(warningsOf({ bastionPrivateKey: privateKey }), []);
  });
});
