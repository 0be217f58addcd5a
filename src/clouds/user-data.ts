import { stringify } from "yaml";

/** The account that a cloud machine's first boot makes for the operator; root by sudo without a password. */
export const cloudUser = "ops";

export interface UserDataNeeds {
  readonly nodeName: string;
  readonly hostPrivateKey: string;
  readonly hostPublicKey: string;
  /** One line of authorized_keys. */
  readonly sshPublicKey: string;
}

/**
 * What a machine's first boot reads (cloud-init's cloud-config): its one SSH host key, so that it can be pinned before it answers, and the
 * operator's account. Nothing of the cluster: joining goes over SSH, as on metal.
 */
export function renderUserData({ nodeName, hostPrivateKey, hostPublicKey, sshPublicKey }: UserDataNeeds): string {
  const config = {
    hostname: nodeName,
    preserve_hostname: false,
    // The machine's own name alone; the rest of /etc/hosts is the image's and the site's.
    manage_etc_hosts: "localhost",
    // With keys given, cloud-init makes no others; those that the image may bring go.
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostPrivateKey, ed25519_public: hostPublicKey },
    ssh_pwauth: false,
    disable_root: true,
    users: [
      {
        name: cloudUser,
        shell: "/bin/bash",
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        lock_passwd: true,
        ssh_authorized_keys: [sshPublicKey],
      },
    ],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}
