import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { JoinedNode } from "../nodes/node";
import { hasSeveralServers } from "../plan/cluster-plan";
import type { ServerRoute } from "../remote/connection";
import { type ReadAccess, readAccess } from "./cluster-access";
import { K3sServer, type ServerPlace } from "./k3s-server";

/** The control plane, as the agents see it. */
export interface ControlPlane {
  readonly servers: readonly K3sServer[];
  readonly places: readonly ServerPlace[];
  readonly routes: readonly ServerRoute[];
  readonly access: ReadAccess;
  /** The server whose k3s is the cluster: where it goes nothing is drained. Absent where there are several, of which none is special. */
  readonly only?: K3sServer;
  /** An earlier run began the cluster: what changes reaches servers before agents. */
  readonly hasBegun: boolean;
}

interface ControlPlaneArgs {
  readonly context: ClusterContext;
  /** All servers, the one that begins the cluster first. */
  readonly nodes: readonly [JoinedNode, ...JoinedNode[]];
}

/**
 * The servers and what they alone know. The first run: the first server begins the cluster, is asked for its tokens, and the others join it side
 * by side. Later: any server that answers is asked, and the first one joins like the others where it is made again; what changes in place takes
 * turns, the leader of etcd last, each only while all the others vote (operator-tools/host/upgrade-node.mjs).
 */
export function createServers(name: string, args: ControlPlaneArgs, cluster: pulumi.Resource): ControlPlane {
  const { context, nodes } = args;
  const [first, ...others] = nodes;
  const places = nodes.map(({ plan, route, tailnetIp }) => ({ route: { name: plan.name, ...route }, tailnetIp }));
  const routes = places.map(({ route }) => route);
  const join = (node: JoinedNode, read?: ReadAccess, after: readonly K3sServer[] = []) =>
    new K3sServer(
      node.plan.name,
      { context, node, servers: places, ...(read && { access: read.access }), after, cluster },
      { parent: cluster },
    );
  const shared = { places, routes, hasBegun: context.hasBegun };
  if (!hasSeveralServers(context.plan)) {
    const only = join(first);
    const link = { context, servers: routes, previous: only.k3s.id };
    const access = readAccess(`${first.plan.name}-access`, link, { parent: only, dependsOn: only.k3s });
    return { ...shared, servers: [only], access, only };
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
  return { ...shared, servers: [leading, ...others.map((node) => join(node, access, context.hasBegun ? [] : [leading]))], access };
}
