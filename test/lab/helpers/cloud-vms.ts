import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { FirewallRule, MachineSpec } from "../../../lab/clouds/contract";
import { runOrFail } from "../../../lab/hosts/run-command";
import { addresses } from "../../../lab/hosts/topology";
import type { Lab } from "../../../lab/lab";
import { inState } from "../../../lab/paths";

/** SSH from the operator and the bastion, the VPN's port from everywhere. */
export const nodeFirewall: readonly FirewallRule[] = [
  { protocol: "tcp", port: 22, sources: [`${addresses.operator}/32`, `${addresses.bastion}/32`] },
  { protocol: "udp", port: 41641, sources: ["0.0.0.0/0"] },
];

export const awsMachine = (number: number, also: Partial<MachineSpec> = {}): Omit<MachineSpec, "userData"> => ({
  name: `aws${number}`,
  cloud: "aws",
  privateAddress: `172.16.1.${3 + number}`,
  prefixLength: 24,
  publicAddress: `198.18.0.${99 + number}`,
  firewall: nodeFirewall,
  instanceId: `i-0123456789abcdef${number}`,
  region: "eu-central-1",
  zone: "eu-central-1a",
  metadataHopLimit: 1,
  ...also,
});

export const azureMachine = (number: number): Omit<MachineSpec, "userData"> => ({
  name: `az${number}`,
  cloud: "azure",
  privateAddress: `172.24.1.${3 + number}`,
  prefixLength: 24,
  firewall: nodeFirewall,
  instanceId: `8f3c2d1e-0000-4000-8000-00000000000${number}`,
  region: "westeurope",
  zone: "1",
});

/** The user data of a machine, with a host key of its own; the key is noted where loginTo finds it. */
export async function makeUserData(directory: string, name: string): Promise<string> {
  const file = join(directory, name);
  await runOrFail(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-C", name, "-f", file]);
  const publicKey = readFileSync(`${file}.pub`, "utf8").trim();
  writeFileSync(`${file}.known`, `${name} ${publicKey}\n`);
  const operatorKey = readFileSync(inState("ssh", "operator.pub"), "utf8").trim();
  const user = { name: "ops", sudo: "ALL=(ALL) NOPASSWD:ALL", shell: "/bin/bash", lock_passwd: true, ssh_authorized_keys: [operatorKey] };
  const keys = {
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: readFileSync(file, "utf8"), ed25519_public: publicKey },
  };
  return `#cloud-config\n${stringify({ ...keys, users: [user], preserve_hostname: false })}`;
}

export interface Login {
  readonly directory: string;
  readonly name: string;
  readonly address: string;
  readonly throughBastion?: boolean;
}

/** A command line that logs in to a machine, which must show the key of its user data. */
export function loginTo({ directory, name, address, throughBastion }: Login): readonly string[] {
  const pinned = ["-o", `UserKnownHostsFile=${join(directory, name)}.known`, "-o", `HostKeyAlias=${name}`, "-o", "ConnectTimeout=2"];
  return [inState("bin", "ssh"), ...pinned, ...(throughBastion === true ? ["-J", "bastion"] : []), `ops@${address}`];
}

/** What the emulated clouds' routers and the lab hold of machines, a line each: what must be the same when all are gone. */
export async function cloudTraces({ namespaces }: Lab): Promise<readonly string[]> {
  const asks = [
    ["sh", "-c", "ls /run/netns; xargs ls <$0", inState("run", "cgroups")],
    ["ip", "-brief", "-n", "aws", "address"],
    ["ip", "-brief", "-n", "azure", "address"],
    ["ip", "netns", "exec", "aws", "nft", "--stateless", "list", "ruleset"],
    ["ip", "netns", "exec", "azure", "nft", "--stateless", "list", "ruleset"],
    ["ls", inState("hosts")],
  ];
  const answers = await Promise.all(asks.map((argv) => namespaces.runOrFail(argv)));
  return answers.flatMap(({ stdout }) => stdout.split("\n"));
}
