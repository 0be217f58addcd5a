import { ownLabelPrefix } from "../config/values/kubernetes-names";
import { findRegion, jurisdictionsOf } from "../catalog/regions";
import type { CloudPoolConfig, PoolConfig } from "../config/schema";

const spotKey = `${ownLabelPrefix}spot`;

/** Labels that let workloads choose a pool, a provider or a jurisdiction. */
export function ownLabels(poolName: string, pool: PoolConfig): Readonly<Record<string, string>> {
  const jurisdiction = jurisdictionOf(pool);
  return {
    [`${ownLabelPrefix}pool`]: poolName,
    [`${ownLabelPrefix}provider`]: pool.provider,
    ...(jurisdiction === undefined ? {} : { [`${ownLabelPrefix}jurisdiction`]: jurisdiction }),
  };
}

/** Labels by which Kubernetes and its users know cloud machines (https://kubernetes.io/docs/reference/labels-annotations-taints/). */
export function cloudLabels(pool: CloudPoolConfig, zone: string | undefined): Readonly<Record<string, string>> {
  return {
    "node.kubernetes.io/instance-type": pool.provider === "aws" ? pool.instanceType : pool.vmSize,
    "topology.kubernetes.io/region": pool.region,
    ...(zone === undefined ? {} : { "topology.kubernetes.io/zone": zoneLabel(pool, zone) }),
    ...(pool.spot ? { [spotKey]: "true" } : {}),
  };
}

/** The pool's taints; spot machines keep off what did not ask for them, unless the pool says something of that taint itself. */
export function cloudTaints(pool: CloudPoolConfig): readonly string[] {
  const isNamed = pool.taints.some((taint) => taint.split(/[=:]/)[0] === spotKey);
  return pool.spot && !isNamed ? [...pool.taints, `${spotKey}=true:NoSchedule`] : pool.taints;
}

/** Azure's zones are bare numbers; its own cloud provider writes `<region>-<number>` (kubernetes-sigs/cloud-provider-azure: pkg/provider/azure_zones.go). */
function zoneLabel(pool: CloudPoolConfig, zone: string): string {
  return pool.provider === "azure" ? `${pool.region}-${zone}` : zone;
}

function jurisdictionOf(pool: PoolConfig): string | undefined {
  if (pool.provider === "bare-metal") return pool.jurisdiction;
  const region = findRegion(pool.provider, pool.region);
  return region === undefined ? undefined : jurisdictionsOf(region)[0];
}
