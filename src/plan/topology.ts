import type { ClusterPlan } from "./cluster-plan";

/** One row of the stack's `nodes` output. */
export interface NodeStatus {
  readonly name: string;
  readonly pool: string;
  readonly provider: string;
  /** Cloud region; empty for bare metal. */
  readonly region: string;
  readonly role: string;
  readonly tailnetIp: string;
  /** `user@address:port`, with the bastion where one is needed. */
  readonly ssh: string;
  /** A cloud's id of the machine and its type, `i-0123 t3.large`; empty for bare metal. */
  readonly machine: string;
  /** How the first server reached it when it was last looked at: `direct`, `relay`, or `self` for the server. */
  readonly path: string;
  /** When the first of k3s's own certificates on its host ends, `2027-11-29T21:00:00Z`, as its last install saw it; empty where unknown. */
  readonly certificatesEnd: string;
  /** When the first of the cluster's authorities ends; empty on agents and where unknown. */
  readonly authoritiesEnd: string;
}

/** The cluster as a Mermaid flow chart: a box per pool, an edge from the first server to each other node, dotted where it is relayed. */
export function renderTopology(plan: ClusterPlan, nodes: readonly NodeStatus[]): string {
  const pools = [...new Set(nodes.map(({ pool }) => pool))];
  const first = plan.firstServer.name;
  return [
    "graph LR",
    ...pools.flatMap((pool) => [
      `  subgraph ${id(pool, "pool")}["${pool}"]`,
      ...nodes
        .filter((node) => node.pool === pool)
        .map((node) => `    ${id(node.name)}["${node.name}<br/>${node.role}<br/>${node.tailnetIp}"]`),
      "  end",
    ]),
    ...nodes
      .filter(({ name }) => name !== first)
      .map(({ name, path }) => `  ${id(first)} ${path === "relay" ? "-.-" : "---"}|${path || "unknown"}| ${id(name)}`),
    "",
  ].join("\n");
}

// Mermaid reserves words such as "end"; a prefix keeps every legal node name clear of them.
function id(name: string, kind = "node"): string {
  return `${kind}_${name.replaceAll("-", "_")}`;
}
