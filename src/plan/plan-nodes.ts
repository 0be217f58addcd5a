import type { BareMetalPoolConfig, HostConfig, HybridConfig } from "../config/schema";
import type { BareMetalNodePlan, NodePlan } from "./cluster-plan";
import { k3sConfigOf } from "./k3s-config";
import { hostIdentity } from "./node-identity";
import { ownLabels } from "./own-marks";
import { planCloudNodes } from "./plan-cloud-nodes";
import { drainSeconds, planPoolRemoval, sortedByKey, sshTarget } from "./plan-parts";

/** All nodes, in the order of the config. `sshPublicKey`: what cloud machines let in; needed as soon as there is one. */
export function planNodes(config: HybridConfig, sshPublicKey: string | undefined): readonly NodePlan[] {
  return Object.entries(config.pools).flatMap(([poolName, pool]): readonly NodePlan[] => {
    switch (pool.provider) {
      case "bare-metal":
        return pool.hosts.map((host) => planHost(config, poolName, pool, host));
      case "aws":
      case "azure":
        return planCloudNodes(config, poolName, pool, sshPublicKey);
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
    removal: planPoolRemoval(pool),
    upgrade: pool.upgrade,
    k3sConfig: k3sConfigOf({ config, pool, taints: pool.taints, labels, nodeName: host.name, externalIp: host.externalIp }),
    identity: hostIdentity({ host, role: pool.role, cluster: config.cluster, integration: config.vpn.integration }),
    host: sshTarget(host),
    ...(pool.bastion === undefined ? {} : { bastion: sshTarget(pool.bastion) }),
  };
}
