import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "./cluster-context";
import type { InstallResult } from "./k3s/install";
import { K3sAgent } from "./k3s/k3s-agent";
import { createServers } from "./k3s/k3s-servers";
import { createS3Settings } from "./k3s/s3-settings";
import { rewriteKubeconfig } from "./k3s/kubeconfig";
import type { ReadyResult } from "./nodes/wait-ready";
import { Roster } from "./nodes/roster";
import { ProtectServer } from "./nodes/protect-server";
import type { DrainedNode } from "./nodes/drained-node";
import { createNode } from "./nodes/create-node";
import { createNetworks } from "./clouds/create-networks";
import type { JoinedBy, JoinedNode, PlacedMachine } from "./nodes/node";
import { type NodePlan, hasSeveralServers } from "./plan/cluster-plan";
import { type NodeStatus, renderTopology } from "./plan/topology";
import { operatorAccess } from "./operator-access";
import type { ServerRoute } from "./remote/connection";
import { clusterInput } from "./remote/tool-input";

export interface ClusterArgs extends ClusterContext {
  /** Lines of the tailnet's live policy that this run adds or takes away. */
  readonly linesToChange: number;
  /** Server tokens that the last run knew, the newest first. */
  readonly formerServerTokens: readonly string[];
}

/** One k3s cluster over one tailnet, from its plan. */
export class HybridCluster extends pulumi.ComponentResource {
  /** Admin kubeconfig for machines in the tailnet; a secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly apiEndpoint: pulumi.Output<string>;
  readonly nodes: pulumi.Output<NodeStatus[]>;
  /** The Tailscale Service in front of the servers' API, and the context of the kubeconfig that goes there; absent without one. */
  readonly apiService: pulumi.Output<ApiServiceStatus> | undefined;
  /** The nodes and their paths as a Mermaid graph. */
  readonly topology: pulumi.Output<string>;
  /** The nodes that stand in a cloud. */
  readonly machines: readonly PlacedMachine[];
  readonly servers: readonly ServerRoute[];
  /** Nodes that leave by a drain: agents, and servers where others stay. */
  readonly leavers: readonly DrainedNode[];
  /** Lets a node join as a server, and reads every snapshot; a secret. */
  readonly serverToken: pulumi.Output<string>;
  /** What the operator's command needs; a secret. */
  readonly operatorAccess: pulumi.Output<unknown>;
  readonly joinedBy: readonly JoinedBy[];

  constructor(name: string, { linesToChange, formerServerTokens, ...context }: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:cluster:HybridCluster", name, {}, opts);
    const { plan } = context;
    // Only `destroy` removes the cluster itself, and is free to.
    const protection = { deletedWith: this, parent: this };

    // Before the policy and all nodes: another first server, the same one made again, or other networks would be a new and empty cluster.
    const identity = [plan.name, plan.firstServer.name, plan.firstServer.identity];
    const entry = new ProtectServer(`${name}-protect-identity`, context, identity, protection);
    const prepared = context.vpn.prepare(name, { input: clusterInput(context), linesToChange, after: [entry] }, { parent: this });

    const networks = createNetworks(plan, { parent: this, dependsOn: entry });
    const surroundings = { context, networks, before: [prepared, entry] };
    const join = (node: NodePlan, agentToken?: pulumi.Input<string>) => createNode(node, surroundings, this, agentToken);
    const first = join(plan.firstServer);
    const others = plan.servers.filter((server) => server !== plan.firstServer).map((server) => join(server));
    const { apiService } = prepared;
    const control = createServers(name, { context, nodes: [first, ...others], apiService }, this);
    const { servers, access } = control;

    // At the end of the first server's chain, so that whatever would re-make a link of it meets this first.
    const ends = servers.slice(0, 1).map(({ waitReady }) => waitReady);
    new ProtectServer(
      `${name}-protect-server`,
      context,
      ends.map(({ id }) => id),
      { ...protection, dependsOn: ends },
    );

    const { backup } = plan;
    if (backup?.s3 !== undefined && context.s3Credentials !== undefined) {
      const begun = servers.map(({ k3s }) => k3s);
      const settings = { context, s3: backup.s3, credentials: context.s3Credentials, route: control.routes, node: plan.firstServer.name };
      createS3Settings(`${name}-s3-settings`, { ...settings, previous: access.clusterId }, { parent: this, dependsOn: begun });
    }

    const agents = plan.nodes
      .filter((node) => node.role === "agent")
      .map(
        (node) =>
          new K3sAgent(node.name, { context, node: join(node, access.access.agentToken), control, cluster: this }, { parent: this }),
      );
    const leavers = hasSeveralServers(plan) ? [...servers, ...agents] : agents;
    this.leavers = leavers.map(({ node, drain }) => ({
      plan: node.plan,
      drain,
      leavesWith: node.plan.role === "server" ? node.joined : drain,
    }));
    // All servers, an only one too: when it gets company, or is left alone again, it leaves nothing.
    const listed = [...servers, ...agents].map(({ node, drain }) => ({ plan: node.plan, drain }));
    new Roster(`${name}-roster`, context, control.routes, listed, { parent: this });
    const byName = new Map([...servers, ...agents].map((made) => [made.node.plan.name, made]));
    const nodes = plan.nodes.flatMap(({ name: wanted }) => byName.get(wanted) ?? []);
    const looks = nodes.map(({ node, seen, k3s }) => ({
      // With --continue-on-error the outputs are wanted also where a node failed: the kubeconfig above all.
      seen: pulumi.recover<ReadyResult | undefined>(seen, () => undefined),
      installed: pulumi.recover<Partial<InstallResult>>(k3s.printed(), () => ({})),
      ssh: pulumi.recover(sshOf(node), () => ""),
      machine: pulumi.recover(machineOf(node), () => ""),
    }));

    this.machines = nodes.flatMap(({ node: { plan: placed, machine } }) => (machine ? [{ plan: placed, machine }] : []));
    this.servers = control.routes;
    this.serverToken = pulumi.secret(access.access.serverToken);
    this.joinedBy = nodes.map(({ node }) => node.joinedBy);
    this.operatorAccess = operatorAccess(context, {
      servers: servers.map(({ node }) => node),
      agents: agents.map(({ node }) => node),
      serverToken: pulumi.recover(this.serverToken, () => ""),
      formerServerTokens,
      accessReplaceCommand: access.replaceCommand,
    });
    this.apiEndpoint = pulumi.output(plan.apiEndpoint ?? first.tailnetIp);
    const several = hasSeveralServers(plan) ? control.places : [];
    const service = apiService && {
      context: apiService.name.slice("svc:".length),
      address: apiService.addresses.apply(([first = ""]) => first),
    };
    const choices = pulumi.all([
      ...several.map(({ route, tailnetIp }) => tailnetIp.apply((address) => ({ name: route.name, address }))),
      ...(service ? [service.address.apply((address) => ({ name: service.context, address }))] : []),
    ]);
    this.apiService =
      apiService &&
      service &&
      apiService.addresses.apply((addresses) => ({ name: apiService.name, addresses, context: `${plan.name}-${service.context}` }));
    this.kubeconfig = pulumi.secret(
      pulumi
        .all([control.kubeconfig, this.apiEndpoint, choices])
        .apply(([kubeconfig, endpoint, found]) => rewriteKubeconfig(kubeconfig, endpoint, plan.name, found)),
    );
    this.nodes = pulumi.all(looks).apply((found) => plan.nodes.map((node, i) => nodeStatus(node, found[i])));
    this.topology = this.nodes.apply((nodes) => renderTopology(plan, nodes));
    this.registerOutputs({ kubeconfig: this.kubeconfig, apiEndpoint: this.apiEndpoint, nodes: this.nodes, topology: this.topology });
  }
}

interface ApiServiceStatus {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Of the kubeconfig. */
  readonly context: string;
}

/** `user@address:port`, with the bastion where one is needed; a cloud tells the address when the machine is made. */
function sshOf({ route: { host, bastion } }: JoinedNode): pulumi.Output<string> {
  const through = bastion ? ` via ${bastion.user}@${bastion.address}:${bastion.port}` : "";
  return pulumi.interpolate`${host.user}@${host.address}:${host.port}${through}`;
}

function machineOf({ machine }: JoinedNode): pulumi.Output<string> {
  return machine === undefined ? pulumi.output("") : pulumi.interpolate`${machine.id} ${machine.typeNow}`;
}

interface Look {
  readonly installed: Partial<InstallResult>;
  readonly seen: ReadyResult | undefined;
  readonly ssh: string;
  readonly machine: string;
}

function nodeStatus(node: NodePlan, look: Look | undefined): NodeStatus {
  return {
    name: node.name,
    pool: node.pool,
    provider: node.kind,
    region: node.kind === "bare-metal" ? "" : node.region,
    role: node.role,
    tailnetIp: look?.seen?.tailnetIp ?? "",
    ssh: look?.ssh ?? "",
    machine: look?.machine ?? "",
    path: look?.seen?.path ?? "",
    certificatesEnd: look?.installed.certificatesEnd ?? "",
    authoritiesEnd: look?.installed.authoritiesEnd ?? "",
  };
}
