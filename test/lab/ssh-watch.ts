import type { HostName } from "../../lab/hosts/topology";
import type { Lab } from "../../lab/lab";
import type { LabContext } from "./lab-context";

/** SSH since the watch began: connections that the operator's machine opened, and logins that each host's sshd accepted. */
export interface SshSeen {
  readonly opened: number;
  readonly accepted: Readonly<Partial<Record<HostName, number>>>;
}

/** Counts SSH at both ends, since each could miss what the other sees: a connection that is refused, or one from elsewhere. */
export async function watchSsh(lab: Lab): Promise<() => Promise<SshSeen>> {
  const opened = await lab.operator.countSshConnections();
  const hosts = [...lab.hosts.values()].filter((host) => host.isOn);
  const before = await Promise.all(hosts.map((host) => host.sshSessions()));
  return async () => {
    const now = await Promise.all(hosts.map((host) => host.sshSessions()));
    const accepted = Object.fromEntries(hosts.map(({ name }, i) => [name, (now[i] ?? 0) - (before[i] ?? 0)]));
    return { opened: await opened(), accepted };
  };
}

/** What watchSsh gives where nobody has been on these hosts. */
export const noSsh = (lab: Lab): SshSeen => ({
  opened: 0,
  accepted: Object.fromEntries([...lab.hosts.values()].filter((host) => host.isOn).map(({ name }) => [name, 0])),
});

/** SSH sessions on each of these hosts since then. */
export async function sessionsOn({ lab }: LabContext, names: readonly HostName[], since: number): Promise<Record<string, number>> {
  const counts = names.map(async (name) => [name, await lab.host(name).sshSessions(since)] as const);
  return Object.fromEntries(await Promise.all(counts));
}
