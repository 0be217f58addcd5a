import { parseDuration } from "../config/duration";
import type { BareMetalPoolConfig, HostConfig, HybridConfig, SshTargetConfig } from "../config/schema";
import type { BareMetalNodePlan, NodePlan, SshTarget } from "./cluster-plan";
import { k3sConfigOf } from "./k3s-config";
import { hostIdentity } from "./node-identity";
import { ownLabels } from "./own-labels";

/** All nodes, in the order of the config. */
export function planNodes(config: HybridConfig): readonly NodePlan[] {
  return Object.entries(config.pools).flatMap(([poolName, pool]) => {
    switch (pool.provider) {
      case "bare-metal":
        return pool.hosts.map((host) => planHost(config, poolName, pool, host));
      case "aws":
      case "azure":
        throw new Error(`${pool.provider} is not available yet: validation should have refused pool ${poolName}`);
    }
  });
}

function planHost(config: HybridConfig, poolName: string, pool: BareMetalPoolConfig, host: HostConfig): BareMetalNodePlan {
  const labels = sortedByKey({ ...ownLabels(poolName, pool), ...pool.labels });
  return {
    kind: "bare-metal",
    name: host.name,
    pool: poolName,
    role: pool.role,
    labels,
    taints: pool.taints,
    drainSeconds: drainSeconds(pool.drainTimeout),
    k3sConfig: k3sConfigOf({ config, pool, labels, nodeName: host.name, externalIp: host.externalIp }),
    identity: hostIdentity({ host, role: pool.role, cluster: config.cluster }),
    host: sshTarget(host),
    ...(pool.bastion === undefined ? {} : { bastion: sshTarget(pool.bastion) }),
  };
}

/** Labels in another order are the same labels: nothing may run for that. */
function sortedByKey(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function drainSeconds(drainTimeout: string): number {
  const seconds = parseDuration(drainTimeout);
  if (seconds === undefined) throw new Error(`${drainTimeout} is no duration: validation should have refused it`);
  return seconds;
}

/** The comment that public key files end in is no part of the key: with it, touching the comment would look like another host. */
function sshTarget(target: SshTargetConfig): SshTarget {
  return {
    address: target.address,
    port: target.port,
    user: target.user,
    hostKey: target.hostKey.trim().split(/\s+/).slice(0, 2).join(" "),
  };
}
