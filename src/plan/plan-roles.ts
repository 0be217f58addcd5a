import type { NodePlan } from "./cluster-plan";

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
