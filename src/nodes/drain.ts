import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { NodePlan } from "../plan/cluster-plan";
import { LocalTool } from "../remote/local-tool";
import type { ServerRoute } from "../remote/connection";
import { type Machine, nodeInput, serversFields } from "../remote/tool-input";

/**
 * Stands in state before the node registers and undoes it when it is deleted: cordon, drain within the node's
 * drainTimeout, delete the Node, through the first of these servers that answers; it fails where the pool's removeData or drainPolicy keep the node. Creating it
 * does nothing and opens no session.
 */
export class Drain extends LocalTool {
  constructor(
    name: string,
    context: ClusterContext,
    node: NodePlan,
    way: Machine,
    servers: readonly ServerRoute[],
    join: { readonly id: pulumi.Output<string> },
    opts: pulumi.CustomResourceOptions,
  ) {
    // A server is taken out of etcd and stopped on its own host, through the others.
    const mayEnd = context.plan.allowServerReplacement;
    const own = node.role === "server" && {
      role: node.role,
      ...(mayEnd && { mayEnd }),
      own: { host: way.host, ...(way.bastion && { bastion: way.bastion }) },
    };
    const others = node.role === "server" ? { hosts: servers } : serversFields(servers);
    const input = {
      ...nodeInput(context, node),
      ...own,
      ...others,
      credentials: context.ssh,
      pool: node.pool,
      drainSeconds: node.drainSeconds,
      ...node.removal,
    };
    super(name, { tool: "drain", on: ["delete"], input, previous: [join.id] }, opts);
  }
}
