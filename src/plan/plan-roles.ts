import type { HybridConfig } from "../config/schema";
import type { NodePlan } from "./cluster-plan";
import { cloudNodeName, nodeIndices } from "./plan-parts";

/** Names of all servers, in the order of the config. */
export function serverNames({ cluster, pools }: Pick<HybridConfig, "cluster" | "pools">): readonly string[] {
  return Object.entries(pools).flatMap(([poolName, pool]): readonly string[] => {
    if (pool.role !== "server") return [];
    if (pool.provider === "bare-metal") return pool.hosts.map(({ name }) => name);
    return nodeIndices(pool).map((index) => cloudNodeName(cluster.name, poolName, index));
  });
}

/** The server that begins the cluster: the first one in the order of the config. */
export function chooseFirstServer(nodes: readonly NodePlan[]): NodePlan {
  const first = nodes.find((node) => node.role === "server");
  if (first === undefined) throw new Error("no server to plan: validation should have refused this config");
  return first;
}

/** The first server ahead, the others in the order of the config. */
export function orderNodes(nodes: readonly NodePlan[], firstServer: NodePlan): readonly NodePlan[] {
  return [firstServer, ...nodes.filter((node) => node !== firstServer)];
}
