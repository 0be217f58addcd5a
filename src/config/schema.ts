import { z } from "zod";
import { architectures, imageNames } from "./images";

/**
 * Shape of the stack config (design: what the user writes). Only the shape: what a value may be stands in validate-*.ts, so that one
 * wrong type hides no other fault. `meta` holds what the
 * message about a missing setting shows: an example of a value, or a whole remedy.
 */
const text = (example: string) => z.string().meta({ example });
const whole = (example: number) => z.int().meta({ example });
const dollars = (example: number) => z.number().meta({ example: `${example} (US dollars an hour)` });
const texts = (example: string) => z.array(z.string()).meta({ example });

/** One value in /etc/rancher/k3s/config.yaml. */
const k3sValueSchema = z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]);
const k3sSettingsSchema = z.record(z.string(), k3sValueSchema).default({});

const clusterSchema = z.strictObject({
  name: text("edge"),
  k3sVersion: text("v1.35.4+k3s1"),
  podCidr: text("10.42.0.0/16").default("10.42.0.0/16"),
  serviceCidr: text("10.43.0.0/16").default("10.43.0.0/16"),
  apiEndpoint: text("k3s.example.org").optional(),
  tlsSans: texts("[k3s.example.org]").default([]),
  allowedJurisdictions: texts("[eu]").optional(),
  k3s: k3sSettingsSchema,
  allowServerReplacement: z.boolean().default(false),
  allowUntestedK3s: z.boolean().default(false),
});

export const vpnModes = ["tailscale", "headscale", "wireguard-native", "nebula", "netmaker", "zerotier"] as const;
export const drainPolicies = ["force", "wait"] as const;
export const policyModes = ["own", "merge", "none"] as const;
/** Which assertions `merge` adds to the policy's `tests`. */
export const policyTests = ["none", "accept", "strict"] as const;
export const integrations = ["k3s", "flannel-iface"] as const;

const vpnSchema = z.strictObject({
  mode: z.enum(vpnModes).meta({ example: "tailscale" }),
  version: text("1.88.3"),
  tag: text("tag:k3s-edge").optional(),
  /** Empty only in the mode headscale. */
  tagOwners: texts("[tag:k3s-admin]").default([]),
  operators: texts("[group:ops]"),
  groups: z.record(z.string(), z.array(z.string())).default({}),
  /** The kubelet's port by default: metrics-server asks each node there by its tailnet address. */
  nodePorts: z.array(z.int()).default([10250]),
  policy: z.enum(policyModes).default("merge"),
  policyTests: z.enum(policyTests).default("accept"),
  loginServer: text("https://headscale.example.org").optional(),
  caFile: text("ca.pem").optional(),
  /** How pods cross the tailnet: as routes that k3s has tailscale advertise, or in flannel's vxlan between the nodes. */
  integration: z.enum(integrations).default("k3s"),
});

const mirrorSchema = z.strictObject({
  k3s: text("https://mirror.example.org/k3s").optional(),
  tailscale: text("https://mirror.example.org/tailscale").optional(),
  caFile: text("mirror-ca.pem").optional(),
});

const accessSchema = z.strictObject({
  sshAgent: z.boolean().default(false),
  allowedCidrs: texts("[203.0.113.7/32]").optional(),
  sshPublicKey: text('"ssh-ed25519 AAAA..."').optional(),
});

const sshTargetSchema = z.strictObject({
  address: text("192.0.2.10"),
  port: whole(22).default(22),
  user: text("ops"),
  hostKey: z.string().meta({
    remedy:
      "Add the output of `ssh-keyscan -t ed25519 -p PORT ADDRESS | cut -d' ' -f2-`, once you compared it with " +
      "/etc/ssh/ssh_host_ed25519_key.pub on the machine.",
  }),
});

const hostSchema = sshTargetSchema.extend({
  name: text("rack-1"),
  externalIp: text("198.51.100.9").optional(),
  generation: whole(0).default(0),
});

const everyPool = {
  role: z.enum(["server", "agent"]).meta({ example: "agent" }),
  labels: z.record(z.string(), z.string()).default({}),
  taints: z.array(z.string()).default([]),
  k3s: k3sSettingsSchema,
  drainTimeout: text("120s").default("120s"),
  /** What happens to pods that are left then: killed, or the node stays. Default: force for spot machines, wait for others. */
  drainPolicy: z.enum(drainPolicies).optional(),
  /** Whether volumes that only the pool's nodes can use may go with them. Default: true for agents in clouds, false for others. */
  removeData: z.boolean().optional(),
  bastion: sshTargetSchema.optional(),
};

const cloudPool = {
  ...everyPool,
  count: whole(0),
  remove: z.array(z.int()).meta({ example: "[1]" }).default([]),
  zones: texts("[eu-central-1a, eu-central-1b]").optional(),
  image: z.enum(imageNames).default("debian-12"),
  architecture: z.enum(architectures).optional(),
  diskGb: whole(30).default(30),
  spot: z.boolean().default(false),
  spotMaxPrice: dollars(0.05).optional(),
  publicIp: z.boolean().default(true),
  /** How a machine without a public address is reached where no bastion stands before it: by a route of the operator's. */
  reachableBy: z.enum(["private"]).optional(),
  hourlyPrice: dollars(0.0957).optional(),
};

const bareMetalPoolSchema = z.strictObject({
  provider: z.literal("bare-metal"),
  ...everyPool,
  jurisdiction: text("eu").optional(),
  hosts: z.array(hostSchema).meta({ example: '[{name: rack-1, address: 192.0.2.10, user: ops, hostKey: "ssh-ed25519 AAAA..."}]' }),
});
const awsPoolSchema = z.strictObject({
  provider: z.literal("aws"),
  ...cloudPool,
  region: text("eu-central-1"),
  instanceType: text("t3.large"),
  tagInterface: z.boolean().default(false),
});
const azurePoolSchema = z.strictObject({
  provider: z.literal("azure"),
  ...cloudPool,
  region: text("westeurope"),
  vmSize: text("Standard_D2s_v5"),
});

/** A region's network: made by the stack, or an existing one by its ids; which settings go together stands in validate-cloud-networks.ts. */
const madeNetwork = { cidr: text("172.16.0.0/20").optional(), natGateway: z.boolean().optional() };
const awsNetworkSchema = z.strictObject({
  ...madeNetwork,
  vpcId: text("vpc-0123456789abcdef0").optional(),
  subnetIds: texts("[subnet-0123456789abcdef0]").optional(),
});
const azureNetworkSchema = z.strictObject({
  ...madeNetwork,
  subnetId: text(
    "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Network/virtualNetworks/NETWORK/subnets/SUBNET",
  ).optional(),
});
const networksSchema = z.strictObject({
  aws: z.record(z.string(), awsNetworkSchema).default({}),
  azure: z.record(z.string(), azureNetworkSchema).default({}),
});

export const providers = ["bare-metal", "aws", "azure"] as const;

export const configSchema = z.strictObject({
  cluster: clusterSchema,
  vpn: vpnSchema,
  mirror: mirrorSchema.default({}),
  access: accessSchema.default({ sshAgent: false }),
  networks: networksSchema.default({ aws: {}, azure: {} }),
  pools: z.record(z.string(), z.discriminatedUnion("provider", [bareMetalPoolSchema, awsPoolSchema, azurePoolSchema])),
});

/** The stack config with its defaults filled in. */
export type HybridConfig = z.output<typeof configSchema>;
/** The stack config as written. */
export type WrittenConfig = z.input<typeof configSchema>;

export type PolicyTests = (typeof policyTests)[number];
export type DrainPolicy = (typeof drainPolicies)[number];
export type Integration = (typeof integrations)[number];
export type PoolConfig = HybridConfig["pools"][string];
export type BareMetalPoolConfig = z.output<typeof bareMetalPoolSchema>;
export type AwsPoolConfig = z.output<typeof awsPoolSchema>;
export type AzurePoolConfig = z.output<typeof azurePoolSchema>;
export type CloudPoolConfig = AwsPoolConfig | AzurePoolConfig;
export type HostConfig = z.output<typeof hostSchema>;
export type SshTargetConfig = z.output<typeof sshTargetSchema>;
export type K3sSettings = z.output<typeof k3sSettingsSchema>;
