import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { JoinedNode } from "../nodes/node";
import { hasSeveralServers } from "../plan/cluster-plan";
import type { ServerRoute } from "../remote/connection";
import type { ApiService } from "../vpn/vpn";
import { type ReadAccess, readAccess } from "./cluster-access";
import type { InstallResult } from "./install";
import { K3sServer, type ServerPlace } from "./k3s-server";

/** The control plane, as the agents see it. */
export interface ControlPlane {
  readonly servers: readonly K3sServer[];
  readonly places: readonly ServerPlace[];
  readonly routes: readonly ServerRoute[];
  readonly access: ReadAccess;
  /** k3s's admin kubeconfig, read again once all servers run as they should; of the time before where that failed. */
  readonly kubeconfig: pulumi.Output<string>;
  /** The server whose k3s is the cluster: where it goes nothing is drained. Absent where there are several, of which none is special. */
  readonly only?: K3sServer;
  /** An earlier run began the cluster: what changes reaches servers before agents. */
  readonly hasBegun: boolean;
}

interface ControlPlaneArgs {
  readonly context: ClusterContext;
  /** All servers, the one that begins the cluster first. */
  readonly nodes: readonly [JoinedNode, ...JoinedNode[]];
  readonly apiService?: ApiService | undefined;
}

/**
 * The servers and what they alone know. The first run: the first server begins the cluster, is asked for its tokens, and the others join it side
 * by side. Later: any server that answers is asked, and the first one joins like the others where it is made again; what changes in place takes
 * turns, the leader of etcd last, each only while all the others vote (operator-tools/host/upgrade-node.mjs).
 */
export function createServers(name: string, args: ControlPlaneArgs, cluster: pulumi.Resource): ControlPlane {
  const { context, nodes, apiService } = args;
  const [first, ...others] = nodes;
  const places = nodes.map(({ plan, route, tailnetIp }) => ({ route: { name: plan.name, ...route }, tailnetIp }));
  const routes = places.map(({ route }) => route);
  const join = (node: JoinedNode, read?: ReadAccess, after: readonly K3sServer[] = []) =>
    new K3sServer(
      node.plan.name,
      { context, node, servers: places, ...(read && { access: read.access }), apiService, after, cluster },
      { parent: cluster },
    );
  const shared = { places, routes, hasBegun: context.hasBegun };
  // After the servers' own starts, which renew the certificate in it; what nodes join with is read before them.
  const readKubeconfig = (servers: readonly K3sServer[], access: ReadAccess) => {
    const ends = servers.map(({ k3s }) => k3s.printed().apply(({ certificatesEnd = "" }: Partial<InstallResult>) => certificatesEnd));
    const certificates = pulumi.all(ends).apply((found) => found.join(" "));
    const link = { context, servers: routes, previous: access.id, certificates };
    const read = readAccess(`${name}-kubeconfig`, link, { parent: cluster, dependsOn: servers.map(({ k3s }) => k3s) });
    const latest = pulumi.recover(read.access, () => ({ kubeconfig: "" }));
    return pulumi.all([access.access, latest]).apply(([before, after]) => after.kubeconfig || before.kubeconfig);
  };
  if (!hasSeveralServers(context.plan)) {
    const only = join(first);
    const link = { context, servers: routes, previous: only.k3s.id };
    const access = readAccess(`${first.plan.name}-access`, link, { parent: only, dependsOn: only.k3s });
    return { ...shared, servers: [only], access, kubeconfig: readKubeconfig([only], access), only };
  }
  // The state has a begun cluster by this very resource: preview/has-begun.ts.
  const read = (...after: pulumi.Resource[]) =>
    readAccess(
      `${name}-access`,
      { context, servers: routes, ...(context.begunBy !== undefined && { previous: context.begunBy }) },
      { parent: cluster, dependsOn: after },
    );
  const begins = context.hasBegun ? undefined : join(first);
  const access = begins === undefined ? read() : read(begins.k3s);
  const leading = begins ?? join(first, access);
  const servers = [leading, ...others.map((node) => join(node, access, context.hasBegun ? [] : [leading]))];
  return { ...shared, servers, access, kubeconfig: readKubeconfig(servers, access) };
}
