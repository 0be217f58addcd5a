import type { HybridConfig } from "../config/schema";
import type { ClusterPlan } from "./cluster-plan";
import { planBackup } from "./plan-backup";
import { planCosts } from "./plan-costs";
import { planNetworks } from "./plan-networks";
import { planNodes } from "./plan-nodes";
import { planPoolRemoval } from "./plan-parts";
import { planTailnet } from "./plan-policy";
import { chooseFirstServer, orderNodes } from "./plan-roles";
import { planSources } from "./plan-sources";

/** What the plan needs besides the settings: contents of files that they name, and what validation wants to be said. */
export interface PlanExtras {
  /** Contents of `mirror.caFile`; empty: the hosts' own store. */
  readonly mirrorCaPem: string;
  /** Contents of `vpn.caFile`; empty or absent: the hosts' own store. */
  readonly vpnCaPem?: string;
  /** Contents of `cluster.backup.s3.caFile`; empty or absent: the hosts' own store. */
  readonly s3CaPem?: string;
  /** Of the external datastore's endpoint. */
  readonly datastoreMarks?: readonly string[] | undefined;
  readonly warnings: readonly string[];
  /** `<project>/<stack>`, for what several stacks share. */
  readonly owner?: string;
  /** The operator's public key, for cloud machines; absent: `access.sshPublicKey`. */
  readonly sshPublicKey?: string | undefined;
}

/** Everything that a valid config asks for, as data. */
export function planCluster(config: HybridConfig, extras: PlanExtras = { mirrorCaPem: "", warnings: [] }): ClusterPlan {
  const nodes = planNodes(config, extras.sshPublicKey ?? config.access.sshPublicKey);
  const firstServer = chooseFirstServer(nodes);
  const costs = planCosts(config, nodes);
  const backup = planBackup(config, extras.s3CaPem ?? "");
  return {
    name: config.cluster.name,
    k3sVersion: config.cluster.k3sVersion,
    allowUntestedK3s: config.cluster.allowUntestedK3s,
    podCidr: config.cluster.podCidr,
    serviceCidr: config.cluster.serviceCidr,
    ...(config.cluster.apiEndpoint === undefined ? {} : { apiEndpoint: config.cluster.apiEndpoint }),
    allowServerReplacement: config.cluster.allowServerReplacement,
    integration: config.vpn.integration,
    datastore: config.cluster.datastore,
    ...(extras.datastoreMarks === undefined ? {} : { datastoreMarks: extras.datastoreMarks }),
    allowDatastoreMove: config.cluster.allowDatastoreMove,
    allowDistantServers: config.cluster.allowDistantServers,
    probeImage: config.cluster.probeImage,
    tailnet: planTailnet(config, extras),
    sources: planSources(config, extras.mirrorCaPem),
    ...(backup === undefined ? {} : { backup }),
    firstServer,
    servers: nodes.filter((node) => node.role === "server"),
    nodes: orderNodes(nodes, firstServer),
    removals: Object.fromEntries(Object.entries(config.pools).map(([name, pool]) => [name, planPoolRemoval(pool)])),
    networks: planNetworks(
      config,
      nodes.filter((node) => node.kind !== "bare-metal"),
    ),
    ...(costs === undefined ? {} : { costs }),
    warnings: extras.warnings,
  };
}
