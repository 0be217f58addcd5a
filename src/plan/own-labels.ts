import { ownLabelPrefix } from "../config/kubernetes-names";
import type { PoolConfig } from "../config/schema";

/** Labels that let workloads choose a pool, a provider or a jurisdiction. */
export function ownLabels(poolName: string, pool: PoolConfig): Readonly<Record<string, string>> {
  return {
    [`${ownLabelPrefix}pool`]: poolName,
    [`${ownLabelPrefix}provider`]: pool.provider,
    ...(pool.jurisdiction === undefined ? {} : { [`${ownLabelPrefix}jurisdiction`]: pool.jurisdiction }),
  };
}
