import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { inState } from "../paths";
import { hostSpecs } from "./topology";
import type { HostSpec } from "./topology";

const knownHostsFile = inState("ssh", "known_hosts");

/** ssh's own configuration file for the lab's hosts, by name; for people and tests, the program under test never reads it. */
export const sshConfigFile = inState("ssh", "config");

function knownHostLines(spec: HostSpec): readonly string[] {
  const place = spec.ssh.port === 22 ? spec.ssh.address : `[${spec.ssh.address}]:${spec.ssh.port}`;
  return ["rsa", "ecdsa", "ed25519"].flatMap((type) => {
    const file = inState("ssh", "hosts", spec.name, `ssh_host_${type}_key.pub`);
    return existsSync(file) ? [`${place} ${readFileSync(file, "utf8").trim()}`] : [];
  });
}

function hostLines(spec: HostSpec): readonly string[] {
  const lines = [`Host ${spec.name}`, `  HostName ${spec.ssh.address}`, `  Port ${spec.ssh.port}`, `  User ${spec.user}`];
  return spec.ssh.throughBastion ? [...lines, "  ProxyJump bastion"] : lines;
}

/** Writes how ssh reaches each host, with the keys that the hosts have now. */
export function writeSshConfig(): void {
  const all = ["Host *", `  IdentityFile ${inState("ssh", "operator")}`, "  IdentitiesOnly yes", `  UserKnownHostsFile ${knownHostsFile}`];
  const settings = ["  GlobalKnownHostsFile /dev/null", "  StrictHostKeyChecking yes", "  ConnectTimeout 10", "  LogLevel ERROR"];
  writeFileSync(sshConfigFile, [...hostSpecs.flatMap(hostLines), ...all, ...settings, ""].join("\n"));
  writeFileSync(knownHostsFile, [...hostSpecs.flatMap(knownHostLines), ""].join("\n"));
  writeSshProgram();
}

/** Lets people type `ssh rack-1`: ssh looks for its configuration in the account's home, whatever HOME says. */
function writeSshProgram(): void {
  mkdirSync(inState("bin"), { recursive: true });
  for (const program of ["ssh", "scp"]) {
    const file = inState("bin", program);
    writeFileSync(file, `#!/bin/sh\nexec /usr/bin/${program} -F '${sshConfigFile}' "$@"\n`);
    chmodSync(file, 0o755);
  }
}
