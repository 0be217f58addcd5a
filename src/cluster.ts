import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "./cluster-context";
import { K3sAgent } from "./k3s/k3s-agent";
import { K3sServer } from "./k3s/k3s-server";
import { rewriteKubeconfig } from "./k3s/kubeconfig";
import type { ReadyResult } from "./membership/ready";
import { ServerGuard } from "./membership/server-guard";
import { createNode } from "./nodes/create-node";
import type { NodePlan } from "./plan/cluster-plan";
import { type NodeStatus, renderTopology } from "./plan/topology";
import { PolicyFound } from "./tailnet/policy-found";
import { Tailnet } from "./tailnet/tailnet";

/** One k3s cluster over one tailnet, from its plan. */
export class HybridCluster extends pulumi.ComponentResource {
  /** Admin kubeconfig for machines in the tailnet; a secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly apiEndpoint: pulumi.Output<string>;
  readonly nodes: pulumi.Output<NodeStatus[]>;
  /** The nodes and their paths as a Mermaid graph. */
  readonly topology: pulumi.Output<string>;

  constructor(name: string, context: ClusterContext, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:cluster:HybridCluster", name, {}, opts);
    const { plan } = context;
    const found = new PolicyFound(`${name}-policy-found`, context, { parent: this });
    const guard = { deletedWith: found, parent: this };

    // Before the policy and all nodes: another first server, the same one re-installed, or other networks would be a new and empty cluster.
    const identity = [plan.name, plan.firstServer.name, plan.firstServer.identity];
    const entry = new ServerGuard(`${name}-identity-guard`, context, identity, { ...guard, dependsOn: found });
    const tailnet = new Tailnet(name, { context, after: [found, entry] }, { parent: this });

    const join = (node: NodePlan) => createNode(node, context, { parent: this, dependsOn: [tailnet, entry] });
    const first = join(plan.firstServer);
    const server = new K3sServer(plan.firstServer.name, { context, node: first }, { parent: this });

    // At the end of the first server's chain, so that whatever would re-make a link of it meets this first.
    new ServerGuard(`${name}-server-guard`, context, [server.ready.id], { ...guard, dependsOn: server.ready });

    const agents = plan.nodes
      .filter((node) => node.name !== plan.firstServer.name)
      .map((node) => new K3sAgent(node.name, { context, node: join(node), server, serverIp: first.tailnetIp }, { parent: this }));

    this.apiEndpoint = pulumi.output(plan.apiEndpoint ?? first.tailnetIp);
    this.kubeconfig = pulumi.secret(
      pulumi
        .all([server.access, this.apiEndpoint])
        .apply(([access, endpoint]) => rewriteKubeconfig(access.kubeconfig, endpoint, plan.name)),
    );
    this.nodes = pulumi
      // With --continue-on-error the outputs are wanted also where a node failed: the kubeconfig above all.
      .all([server, ...agents].map(({ seen }) => pulumi.recover<ReadyResult | undefined>(seen, () => undefined)))
      .apply((seen) => plan.nodes.map((node, i) => nodeStatus(node, seen[i])));
    this.topology = this.nodes.apply((nodes) => renderTopology(plan, nodes));
    this.registerOutputs({ kubeconfig: this.kubeconfig, apiEndpoint: this.apiEndpoint, nodes: this.nodes, topology: this.topology });
  }
}

function nodeStatus(node: NodePlan, seen: ReadyResult | undefined): NodeStatus {
  const { host, bastion } = node;
  return {
    name: node.name,
    pool: node.pool,
    provider: node.kind,
    region: "",
    role: node.role,
    tailnetIp: seen?.tailnetIp ?? "",
    ssh: `${host.user}@${host.address}:${host.port}${bastion ? ` via ${bastion.user}@${bastion.address}:${bastion.port}` : ""}`,
    path: seen?.path ?? "",
  };
}
