import { contains, readIpv4, tailnetCidr, tailnetNetwork } from "../values/cidr";
import { type ConfigIssue, type PathPart, quote } from "../config-issue";
import type { ConfigDraft, SshTargetDraft } from "../draft";
import { hostsOf, poolsOf } from "../pool-hosts";
import { hostKeyTypes, readHostKey } from "../values/ssh-host-key";
import { validateHostNameOrIpv4 } from "../values/validate-host-name";
import { clusterNetworks, type ClusterNetworks } from "./cluster-networks";

type At = (...parts: readonly PathPart[]) => string;

/** How hosts and bastions are reached. */
export function validateSshTargets(draft: ConfigDraft): readonly ConfigIssue[] {
  const networks = clusterNetworks(draft);
  const bastions = poolsOf(draft).flatMap(({ pool, at }) =>
    pool.bastion !== undefined ? [{ target: pool.bastion, at: (...parts: readonly PathPart[]) => at("bastion", ...parts) }] : [],
  );
  const hosts = hostsOf(draft).map(({ host, at }) => ({ target: host, at }));
  return [...bastions, ...hosts].flatMap(({ target, at }) => [
    ...validateHostNameOrIpv4(target.address, at("address"), "Write the address alone; user and port are settings of their own."),
    ...validateAddressApart(target.address, at("address"), networks),
    ...validatePort(target, at),
    ...validateUser(target, at),
    ...validateHostKey(target, at),
  ]);
}

/** On nodes these networks are routed into the cluster or the tailnet, so an answer to such an address would not come back. */
export function validateAddressApart(address: string | undefined, path: string, networks: ClusterNetworks): ConfigIssue[] {
  const value = readIpv4(address ?? "");
  if (value === undefined) return [];
  const within = (what: string, remedy: string): ConfigIssue => ({ path, problem: `${quote(address)} is inside ${what}`, remedy });
  const { podCidr, serviceCidr } = networks;
  return [
    ...(podCidr !== undefined && contains(podCidr, value)
      ? [within("cluster.podCidr", "Give the cluster a podCidr that no host has an address in.")]
      : []),
    ...(serviceCidr !== undefined && contains(serviceCidr, value)
      ? [within("cluster.serviceCidr", "Give the cluster a serviceCidr that no host has an address in.")]
      : []),
    ...(contains(tailnetNetwork, value)
      ? [
          within(
            `${tailnetCidr}, the tailnet's own network`,
            "Give an address that the host has without the tailnet: the stack joins it, and takes it out again.",
          ),
        ]
      : []),
  ];
}

function validatePort({ port }: SshTargetDraft, at: At): ConfigIssue[] {
  if (port === undefined || (port >= 1 && port <= 65535)) return [];
  return [{ path: at("port"), problem: `${port} is no TCP port`, remedy: "Write a number from 1 to 65535, or leave it out for 22." }];
}

function validateUser({ user }: SshTargetDraft, at: At): ConfigIssue[] {
  if (user === undefined || /^[A-Za-z_][-A-Za-z0-9_.]{0,31}$/.test(user)) return [];
  return [
    {
      path: at("user"),
      problem: `${quote(user)} is no user name`,
      remedy: "Write the name of a login that is root or may use sudo without a password.",
    },
  ];
}

function validateHostKey({ hostKey, address, port }: SshTargetDraft, at: At): ConfigIssue[] {
  if (hostKey === undefined) return [];
  const known = readHostKey(hostKey);
  if (known?.startsWith("ssh-rsa ")) {
    return [
      {
        path: at("hostKey"),
        problem: "is an RSA key, and each machine with OpenSSH has a better one",
        remedy: `Take the output of \`${scanCommand(address, port)}\`, and compare it with /etc/ssh/ssh_host_ed25519_key.pub on the machine (missing there: ssh-keygen -A makes it).`,
      },
    ];
  }
  if (known !== undefined) return [];
  if (hostKey.includes("PRIVATE KEY")) {
    return [
      {
        path: at("hostKey"),
        problem: "is a private key, now kept in plain text",
        remedy: "Give the public key, and make the machine a new pair.",
      },
    ];
  }
  if (readHostKey(hostKey.trim().replace(/^\S+\s+/, "")) !== undefined) {
    return [
      {
        path: at("hostKey"),
        problem: "has a host's name in front, as in known_hosts",
        remedy: "Leave it out: write the key's type and the key.",
      },
    ];
  }
  return [
    {
      path: at("hostKey"),
      problem: `${quote(hostKey)} is no SSH public key of a kind that is accepted (${hostKeyTypes.join(", ")})`,
      remedy: `Take the output of \`${scanCommand(address, port)}\`, and compare it with /etc/ssh/ssh_host_ed25519_key.pub on the machine.`,
    },
  ];
}

/** Prints a host's key as the config wants it, without the host name in front. */
export function scanCommand(address = "ADDRESS", port = 22): string {
  return `ssh-keyscan -t ed25519 -p ${port} ${address} | cut -d' ' -f2-`;
}
