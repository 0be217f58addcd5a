import { controlOf } from "../console";
import type { LabHost } from "../hosts/host";
import { type Snapshot, diffSnapshots, takeSnapshot } from "../hosts/snapshot";
import type { Lab } from "../lab";
import { clusterName } from "../stack-config";

/** The lab as it was before the first `up`: its hosts and its tailnet. */
export interface Before {
  readonly hosts: readonly { readonly host: LabHost; readonly snapshot: Snapshot }[];
  readonly policy: string;
  readonly deviceIds: readonly string[];
}

/** Looks at everything that a cluster may touch; changes nothing. */
export async function snapshotBefore(lab: Lab, hosts: readonly LabHost[]): Promise<Before> {
  const { admin } = controlOf(lab);
  const [{ text }, { devices }, ...snapshots] = await Promise.all([
    admin.call("getPolicy"),
    admin.call("listDevices"),
    ...hosts.map(async (host) => ({ host, snapshot: await takeSnapshot(host) })),
  ]);
  return { hosts: snapshots, policy: text, deviceIds: devices.map(({ id }) => id) };
}

/** What a cluster that is gone has left behind, a line each; empty where all is as before. */
export async function findLeftovers(lab: Lab, before: Before): Promise<string[]> {
  const { admin } = controlOf(lab);
  const [{ text }, { devices }, { keys }, { services }, ...perHost] = await Promise.all([
    admin.call("getPolicy"),
    admin.call("listDevices"),
    admin.call("listKeys"),
    admin.call("listServices"),
    ...before.hosts.map(async ({ host, snapshot }) =>
      diffSnapshots(snapshot, await takeSnapshot(host)).map((line) => `${host.name}: ${line}`),
    ),
  ]);
  return [
    ...perHost.flat(),
    ...devices.filter(({ id }) => !before.deviceIds.includes(id)).map(({ id, name }) => `tailnet: device ${id} ${name}`),
    ...keys
      .filter((key) => key.tags.includes(`tag:k3s-${clusterName}`) && key.revoked === undefined)
      .map(({ id, description }) => `tailnet: key ${id} ${description}`),
    ...services.map(({ name, comment }) => `tailnet: Service ${name} (${comment})`),
    ...(text === before.policy ? [] : [`tailnet: the policy is not the one from before:\n${text}`]),
  ];
}
