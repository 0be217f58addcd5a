import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { renderUserData } from "../../src/clouds/user-data";

const TEXT = renderUserData({
  nodeName: "edge-burst-0",
  hostPrivateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n",
  hostPublicKey: "ssh-ed25519 AAAAhost",
  sshPublicKey: "ssh-ed25519 AAAAoperator",
});

describe("user data of a cloud machine", () => {
  it("is a cloud-config with the one host key as it was made, and the operator's account", () => {
    assert.match(TEXT, /^#cloud-config\n/);
    const config = parse(TEXT) as { ssh_keys: Record<string, string>; ssh_deletekeys: boolean; users: Record<string, unknown>[] };
    assert.deepEqual(config.ssh_keys, {
      ed25519_private: "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n",
      ed25519_public: "ssh-ed25519 AAAAhost",
    });
    assert.equal(config.ssh_deletekeys, true);
    assert.equal(config.users.length, 1, "an image's own account would be another way in");
    assert.deepEqual(config.users[0]?.["ssh_authorized_keys"], ["ssh-ed25519 AAAAoperator"]);
    assert.equal(config.users[0]["lock_passwd"], true);
  });

  it("has nothing of the cluster", () => {
    assert.deepEqual(Object.keys(parse(TEXT) as object).sort(), [
      "disable_root",
      "hostname",
      "manage_etc_hosts",
      "preserve_hostname",
      "ssh_deletekeys",
      "ssh_keys",
      "ssh_pwauth",
      "users",
    ]);
  });
});
