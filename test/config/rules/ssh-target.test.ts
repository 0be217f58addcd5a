import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { faultsOf, hostKey, privateKey } from "../../helpers/config-builder";

describe("the rules for SSH targets", () => {
  it("refuses what is no address", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].address": "ops@192.0.2.10" }), [
      'hybrid-k3s:pools.rack.hosts[0].address: "ops@192.0.2.10" is neither a host name nor an IPv4 address. Write the address alone; user and port are settings of their own.',
    ]);
  });

  it("refuses an address with a number missing", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].address": "192.0.2" }), [
      'hybrid-k3s:pools.rack.hosts[0].address: "192.0.2" is neither a host name nor an IPv4 address. Write the address alone; user and port are settings of their own.',
    ]);
  });

  it("refuses IPv6", () => {
    assert.deepEqual(faultsOf({ "pools.edge.bastion.address": "2001:db8::1" }), [
      'hybrid-k3s:pools.edge.bastion.address: "2001:db8::1" is an IPv6 address, and IPv6 is not available yet. Give a host name or an IPv4 address.',
    ]);
  });

  it("refuses an address within podCidr", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].address": "10.42.3.4" }), [
      'hybrid-k3s:pools.rack.hosts[0].address: "10.42.3.4" is inside cluster.podCidr. Give the cluster a podCidr that no host has an address in.',
    ]);
  });

  it("refuses an address within serviceCidr", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].address": "10.43.3.4" }), [
      'hybrid-k3s:pools.rack.hosts[0].address: "10.43.3.4" is inside cluster.serviceCidr. Give the cluster a serviceCidr that no host has an address in.',
    ]);
  });

  it("refuses an address of the tailnet", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].address": "100.100.1.2" }), [
      `hybrid-k3s:pools.rack.hosts[0].address: "100.100.1.2" is inside 100.64.0.0/10, the tailnet's own network. Give an address that the host has without the tailnet: the stack joins it, and takes it out again.`,
    ]);
  });

  it("refuses what is no port", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].port": 65536 }), [
      "hybrid-k3s:pools.rack.hosts[0].port: 65536 is no TCP port. Write a number from 1 to 65535, or leave it out for 22.",
    ]);
  });

  it("refuses what is no user", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].user": "ops; reboot" }), [
      'hybrid-k3s:pools.rack.hosts[0].user: "ops; reboot" is no user name. Write the name of a login that is root or may use sudo without a password.',
    ]);
  });

  it("refuses what is no host key", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].hostKey": "ssh-ed25519 AAAA", "pools.rack.hosts[0].port": 2201 }), [
      "hybrid-k3s:pools.rack.hosts[0].hostKey: \"ssh-ed25519 AAAA\" is no SSH public key of a kind that is accepted (ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521). Take the output of `ssh-keyscan -t ed25519 -p 2201 192.0.2.10 | cut -d' ' -f2-`, and compare it with /etc/ssh/ssh_host_ed25519_key.pub on the machine.",
    ]);
  });

  it("refuses an RSA host key, and says how to get a better one", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { e = "", n = "" } = publicKey.export({ format: "jwk" });
    const fields = [Buffer.from("ssh-rsa"), Buffer.from(e, "base64url"), Buffer.concat([Buffer.of(0), Buffer.from(n, "base64url")])];
    const sized = fields.flatMap((field) => [Buffer.from([0, 0, field.length >> 8, field.length & 255]), field]);
    const rsa = `ssh-rsa ${Buffer.concat(sized).toString("base64")}`;
    assert.deepEqual(faultsOf({ "pools.edge.bastion.hostKey": rsa, "pools.rack.hosts[0].hostKey": rsa }), [
      "hybrid-k3s:pools.edge.bastion.hostKey: is an RSA key, and each machine with OpenSSH has a better one. Take the output of `ssh-keyscan -t ed25519 -p 22 192.0.2.20 | cut -d' ' -f2-`, and compare it with /etc/ssh/ssh_host_ed25519_key.pub on the machine (missing there: ssh-keygen -A makes it).",
      "hybrid-k3s:pools.rack.hosts[0].hostKey: is an RSA key, and each machine with OpenSSH has a better one. Take the output of `ssh-keyscan -t ed25519 -p 22 192.0.2.10 | cut -d' ' -f2-`, and compare it with /etc/ssh/ssh_host_ed25519_key.pub on the machine (missing there: ssh-keygen -A makes it).",
    ]);
  });

  it("refuses a host key with the host in front", () => {
    assert.deepEqual(faultsOf({ "pools.edge.bastion.hostKey": `192.0.2.20 ${hostKey(1)}` }), [
      "hybrid-k3s:pools.edge.bastion.hostKey: has a host's name in front, as in known_hosts. Leave it out: write the key's type and the key.",
    ]);
  });

  it("refuses a private key without repeating it", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].hostKey": privateKey }), [
      "hybrid-k3s:pools.rack.hosts[0].hostKey: is a private key, now kept in plain text. Give the public key, and make the machine a new pair.",
    ]);
  });
});
