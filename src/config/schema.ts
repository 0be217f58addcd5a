import { z } from "zod";
import { type AwsPoolConfig, type AzurePoolConfig, type drainPolicies, poolSchema } from "./pool-schema";
import { k3sSettings, oneOf, text, texts, wholes, yesNo } from "./schema-fields";
import { backupSchema } from "./backup-schema";
import { datastoreTlsSchema, datastores } from "./datastore-schema";
import { KUBELET_PORT } from "../catalog/ports.cjs";

export { drainPolicies, providers } from "./pool-schema";
export type { AwsPoolConfig, AzurePoolConfig, BareMetalPoolConfig, HostConfig, SshTargetConfig } from "./pool-schema";
export type { K3sSettings } from "./schema-fields";

/**
 * Shape of the stack config (design: what the user writes). Only the shape: what a value may be stands in validate-*.ts, so that one
 * wrong type hides no other fault. docs/settings.md and the schema for editors are made from here by `make docs`.
 */
const clusterSchema = z.strictObject({
  name: text("Lower-case letters, digits and dashes. It names the kubeconfig's context and the tag of the nodes.", "edge"),
  k3sVersion: text("The k3s release. Pinned: there is no default.", "v1.35.4+k3s1"),
  podCidr: text("Network of the pods. Each node takes a /24 of it.", "10.42.0.0/16").default("10.42.0.0/16"),
  serviceCidr: text("Network of the services.", "10.43.0.0/16").default("10.43.0.0/16"),
  apiEndpoint: text("Name of the API server in the kubeconfig.", "k3s.example.org", {
    defaultIs: "the first server's tailnet address",
  }).optional(),
  tlsSans: texts("More names and addresses for the API server's certificate.", "[k3s.example.org]").default([]),
  allowedJurisdictions: texts("A pool that stands anywhere else is refused.", "[eu]").optional(),
  k3s: k3sSettings("More k3s settings, for all nodes whose role knows them."),
  allowServerReplacement: yesNo("Lets a later `up` replace or remove the only server, which makes an empty cluster.").default(false),
  datastore: oneOf(
    "What holds the cluster's data: `etcd` within k3s, `sqlite` on an only server, or an `external` database at `hybrid-k3s:datastoreEndpoint`.",
    datastores,
    "etcd",
  ).default("etcd"),
  datastoreTls: datastoreTlsSchema.optional(),
  allowDatastoreMove: yesNo(
    "Lets `hybrid-k3s:datastoreEndpoint` name another database than before: the same one at another address, or one that the data were copied to.",
  ).default(false),
  allowDistantServers: yesNo("Lets servers stand further apart than etcd likes: a path over a relay, or a round trip over 30 ms.").default(
    false,
  ),
  backup: backupSchema.optional(),
  probeImage: text(
    "Image of the pods that `hybrid-k3s verify` looks from: the Kubernetes project's agnhost, or a copy of it that your nodes can pull.",
    "mirror.example.org/e2e-test-images/agnhost:2.53",
  ).default("registry.k8s.io/e2e-test-images/agnhost:2.53"),
  allowUntestedK3s: yesNo("Turns refusals of k3s versions, of steps between them and of unknown k3s settings into warnings.").default(
    false,
  ),
});

const availableVpnModes = ["tailscale", "headscale"] as const;
const laterVpnModes = ["wireguard-native", "nebula", "netmaker", "zerotier"] as const;
export const vpnModes = [...availableVpnModes, ...laterVpnModes] as const;
export const policyModes = ["own", "merge", "none"] as const;
/** Which assertions `merge` adds to the policy's `tests`. */
export const policyTests = ["none", "accept", "strict"] as const;
export const integrations = ["k3s", "routes", "flannel-iface"] as const;

const vpnSchema = z.strictObject({
  mode: oneOf("The VPN that the nodes meet in.", vpnModes, "tailscale", { unavailable: laterVpnModes }),
  version: text("The tailscale release that hosts get. Pinned: there is no default.", "1.88.3"),
  tag: text("Tag of the nodes.", "tag:k3s-edge", { defaultIs: "tag:k3s- and the cluster's name" }).optional(),
  /** Empty only in the mode headscale. */
  tagOwners: texts(
    "Tags that may make nodes: the tag of your OAuth client. Needed with tailscale, refused with headscale.",
    "[tag:k3s-admin]",
  ).default([]),
  operators: texts("Who reaches the API server: groups, logins, or `autogroup:admin`.", "[group:ops]"),
  groups: z
    .record(z.string(), z.array(z.string()))
    .meta({ description: "Groups that `operators` names. With `policy: own` only.", example: "{ops: [alice@example.org]}" })
    .default({}),
  /** The kubelet's port by default: metrics-server asks each node there by its tailnet address. */
  nodePorts: wholes(
    `Ports that nodes reach on one another. ${KUBELET_PORT} is the kubelet's, for metrics.`,
    `[${KUBELET_PORT}, 9100]`,
  ).default([KUBELET_PORT]),
  policy: oneOf("How the tailnet's policy file is treated.", policyModes, "merge").default("merge"),
  policyTests: oneOf("Which tests `merge` adds to the policy file.", policyTests, "strict").default("accept"),
  loginServer: text("Address of your headscale. With `mode: headscale` only.", "https://headscale.example.org").optional(),
  caFile: text("CA that signed headscale's certificate, as PEM. Relative to the project's folder.", "headscale-ca.pem").optional(),
  apiService: text(
    "Name of a Tailscale Service in front of all servers' API, without `svc:`. With `mode: tailscale` only.",
    "k3s-api",
  ).optional(),
  integration: oneOf(
    "How pods cross the tailnet: as routes that k3s advertises by its VPN flag, as the same routes without that flag, or in flannel's vxlan.",
    integrations,
    "k3s",
  ).default("k3s"),
});

const mirrorSchema = z.strictObject({
  k3s: text("Folder with k3s releases.", "https://mirror.example.org/k3s").optional(),
  installSha256: text(
    "SHA-256 of the `install.sh` that runs as root, where none is to be taken from the mirror.",
    "9ca7930c31179d83bc13de20078fd8ad3e1ee00875b31f39a7e524ca4ef7d9de",
  ).optional(),
  tailscale: text("Folder with tailscale archives.", "https://mirror.example.org/tailscale").optional(),
  caFile: text("CA that signed the mirror's certificate, as PEM. Relative to the project's folder.", "mirror-ca.pem").optional(),
});

const accessSchema = z.strictObject({
  sshAgent: yesNo("Use the operator's SSH agent instead of `hybrid-k3s:sshPrivateKey`.").default(false),
  allowedCidrs: texts("Who may reach SSH on cloud nodes. Needed as soon as a cloud pool has a node.", "[203.0.113.7/32]").optional(),
  sshPublicKey: text("Key that cloud machines let in. Needed with `sshAgent`.", '"ssh-ed25519 AAAA..."', {
    defaultIs: "the public half of sshPrivateKey",
  }).optional(),
});

/** A region's network: made by the stack, or an existing one by its ids; which settings go together stands in rules/networks.ts. */
const madeNetwork = (example: string) => ({
  cidr: text("Range of the region's network, a /16 to a /22.", example, { defaultIs: "a /20 of the region's own" }).optional(),
  natGateway: yesNo("A way out for machines without a public address. It costs money while the network stands.", {
    defaultIs: "false",
  }).optional(),
});
const awsNetworkSchema = z.strictObject({
  ...madeNetwork("172.16.0.0/20"),
  vpcId: text("A VPC that is there already.", "vpc-0123456789abcdef0").optional(),
  subnetIds: texts("Subnets of that VPC.", "[subnet-0123456789abcdef0]").optional(),
});
const azureNetworkSchema = z.strictObject({
  ...madeNetwork("172.24.0.0/20"),
  subnetId: text(
    "A subnet that is there already, in the stack's own subscription.",
    "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Network/virtualNetworks/NETWORK/subnets/SUBNET",
  ).optional(),
});
const networksSchema = z.strictObject({
  aws: z.record(z.string(), awsNetworkSchema).default({}),
  azure: z.record(z.string(), azureNetworkSchema).default({}),
});

export const configSchema = z.strictObject({
  cluster: clusterSchema,
  vpn: vpnSchema,
  mirror: mirrorSchema.default({}),
  access: accessSchema.default({ sshAgent: false }),
  networks: networksSchema.default({ aws: {}, azure: {} }),
  pools: z.record(z.string(), poolSchema),
});

/** The stack config with its defaults filled in. */
export type HybridConfig = z.output<typeof configSchema>;
/** The stack config as written. */
export type WrittenConfig = z.input<typeof configSchema>;

export type PolicyTests = (typeof policyTests)[number];
export type DrainPolicy = (typeof drainPolicies)[number];
export type Datastore = (typeof datastores)[number];
export type Integration = (typeof integrations)[number];
export type PoolConfig = HybridConfig["pools"][string];
export type CloudPoolConfig = AwsPoolConfig | AzurePoolConfig;
