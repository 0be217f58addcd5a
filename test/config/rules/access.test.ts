import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { publicKeyOf } from "../../../src/config/values/ssh-public-key";
import { cloudPools, faultsOf, hostKey, privateKey, warningsOf } from "../../helpers/config-builder";

const agent = { "access.sshAgent": true, sshPrivateKey: undefined };

describe("the rules for access", () => {
  it("asks who may reach SSH as soon as a cloud pool has a node", () => {
    assert.deepEqual(faultsOf({ ...cloudPools({ count: 1 }), "access.allowedCidrs": undefined }), [
      "hybrid-k3s:access.allowedCidrs: is missing, and a cloud pool has nodes. Name the networks that pulumi runs in as the clouds see them, for example [203.0.113.7/32].",
    ]);
    assert.deepEqual(faultsOf({ ...cloudPools({ count: 1, remove: [0] }), "access.allowedCidrs": undefined }), []);
  });

  it("refuses an empty list", () => {
    assert.deepEqual(faultsOf({ ...cloudPools({}), "access.allowedCidrs": [] }), [
      "hybrid-k3s:access.allowedCidrs: is empty, and nobody could reach SSH on cloud machines. Name the networks that pulumi runs in as the clouds see them, for example [203.0.113.7/32].",
    ]);
  });

  it("refuses the whole internet, large parts of it, and what is no network", () => {
    assert.deepEqual(
      faultsOf({
        ...cloudPools({}),
        "access.allowedCidrs": ["0.0.0.0/0", "128.0.0.0/1", "203.0.113.7", "203.0.113.7/24", "::/0", "203.0.0.0/8"],
      }),
      [
        'hybrid-k3s:access.allowedCidrs[0]: "0.0.0.0/0" is the whole internet. Name your own networks, each a /8 or smaller, for example 203.0.113.7/32.',
        'hybrid-k3s:access.allowedCidrs[1]: "128.0.0.0/1" is a large part of the internet. Name your own networks, each a /8 or smaller, for example 203.0.113.7/32.',
        'hybrid-k3s:access.allowedCidrs[2]: "203.0.113.7" is no IPv4 network. Write an address, a slash and a prefix length, for example 203.0.113.7/32.',
        'hybrid-k3s:access.allowedCidrs[3]: "203.0.113.7/24" is an address within a network. Write the network, 203.0.113.0/24.',
        'hybrid-k3s:access.allowedCidrs[4]: "::/0" is an IPv6 network, and IPv6 is not available yet. Give one IPv4 network.',
      ],
    );
  });

  it("refuses what lies within another one, which Azure would", () => {
    assert.deepEqual(faultsOf({ ...cloudPools({}), "access.allowedCidrs": ["203.0.113.7/32", "203.0.113.0/24", "198.51.100.0/24"] }), [
      'hybrid-k3s:access.allowedCidrs[0]: "203.0.113.7/32" is within "203.0.113.0/24". Remove it.',
    ]);
  });

  it("warns of networks that no cloud pool uses", () => {
    assert.deepEqual(warningsOf({ "access.allowedCidrs": ["203.0.113.7/32"] }), [
      "hybrid-k3s:access.allowedCidrs: no cloud pool uses it; who may reach SSH on bare-metal hosts is up to their own firewalls.",
    ]);
  });

  it("asks for the public key that the SSH agent holds, once a cloud pool has a node", () => {
    assert.deepEqual(faultsOf({ ...cloudPools({ count: 1 }), ...agent }), [
      "hybrid-k3s:access.sshPublicKey: is missing: cloud machines must be given the key that your SSH agent holds. Add one line that `ssh-add -L` prints.",
    ]);
    assert.deepEqual(faultsOf({ ...cloudPools({ count: 1 }), ...agent, "access.sshPublicKey": hostKey(5) }), []);
    assert.deepEqual(faultsOf({ ...cloudPools({}), ...agent }), []);
  });

  it("refuses what is no public key, and a private one without repeating it", () => {
    assert.deepEqual(faultsOf({ "access.sshPublicKey": "id_ed25519.pub" }), [
      'hybrid-k3s:access.sshPublicKey: "id_ed25519.pub" is no SSH public key. Write one line as in authorized_keys, its type first, for example the text of ~/.ssh/id_ed25519.pub.',
    ]);
    assert.deepEqual(faultsOf({ "access.sshPublicKey": privateKey }), [
      "hybrid-k3s:access.sshPublicKey: is a private key, now kept in plain text. Give the public key, and make a new pair.",
    ]);
    assert.equal(faultsOf({ "access.sshPublicKey": `${hostKey(5)}\n${hostKey(6)}` }).length, 2);
  });

  it("refuses a public key of another pair, and a network that is named twice", () => {
    assert.deepEqual(faultsOf({ "access.sshPublicKey": hostKey(5), "access.allowedCidrs": ["203.0.113.7/32", "203.0.113.7/32"] }), [
      'hybrid-k3s:access.allowedCidrs[1]: "203.0.113.7/32" is there already. Remove one of them.',
      "hybrid-k3s:access.sshPublicKey: is not the public half of hybrid-k3s:sshPrivateKey. Remove it: it is derived from the private key.",
    ]);
  });

  it("refuses kinds of keys that the clouds do not take, where a machine would need them", () => {
    const sshPrivateKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" });
    assert.deepEqual(faultsOf({ ...cloudPools({ count: 1 }), sshPrivateKey }), [
      "hybrid-k3s:sshPrivateKey: is a key of the kind ecdsa-sha2-nistp256, which the clouds do not take. Use an ed25519 key, or an RSA one.",
    ]);
    assert.deepEqual(faultsOf({ ...cloudPools({}), sshPrivateKey }), []);
  });

  it("refuses RSA keys of less than 2048 bits, where a machine would need them or they are named", () => {
    const rsa = (modulusLength: number) =>
      generateKeyPairSync("rsa", { modulusLength }).privateKey.export({ type: "pkcs1", format: "pem" });
    const fault = (path: string, bits: number) =>
      `hybrid-k3s:${path}: is an RSA key of ${bits} bits, which is too short to be safe, and for Azure to take. Use an ed25519 key, or an RSA one of 2048 bits or more.`;
    const withKey = (sshPrivateKey: unknown, pools = cloudPools({ count: 1 })) => faultsOf({ ...pools, sshPrivateKey });
    for (const bits of [1024, 2040]) assert.deepEqual(withKey(rsa(bits)), [fault("sshPrivateKey", bits)]);
    for (const bits of [2048, 3072]) assert.deepEqual(withKey(rsa(bits)), []);
    const short = rsa(1024);
    assert.deepEqual(withKey(short, cloudPools({})), []);
    const line = publicKeyOf(String(short)) ?? "";
    assert.deepEqual(faultsOf({ ...agent, "access.sshPublicKey": line }), [fault("access.sshPublicKey", 1024)]);
  });
});
