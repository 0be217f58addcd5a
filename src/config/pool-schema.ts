import { z } from "zod";
import { architectures, imageNames } from "../catalog/images";
import { dollars, k3sSettings, oneOf, text, textMap, texts, whole, wholes, yesNo } from "./schema-fields";

export const drainPolicies = ["force", "wait"] as const;
export const providers = ["bare-metal", "aws", "azure"] as const;

const ownedBy = <const P extends (typeof providers)[number]>(provider: P) =>
  z.literal(provider).meta({
    description: "What the pool's nodes are: `bare-metal` (hosts that are there already), `aws` or `azure` (machines made by `count`).",
    example: provider,
  });

const sshTargetSchema = z.strictObject({
  address: text("IPv4 address or name by which the operator's machine, or the bastion, reaches SSH.", "192.0.2.10"),
  port: whole("Port of SSH.", 22).default(22),
  user: text("`root`, or a login that may use sudo without a password.", "ops"),
  hostKey: text(
    "SSH host key that is pinned: Ed25519 or ECDSA.",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
    {
      remedy:
        "Add the output of `ssh-keyscan -t ed25519 -p PORT ADDRESS | cut -d' ' -f2-`, once you compared it with " +
        "/etc/ssh/ssh_host_ed25519_key.pub on the machine.",
    },
  ),
});

const hostSchema = sshTargetSchema.extend({
  name: text("The node's name, in the tailnet too. Another name is another node.", "rack-1"),
  externalIp: text("Address by which the world reaches services on this node: the Node's ExternalIP.", "198.51.100.9").optional(),
  generation: whole("Add 1 when the host was installed again: it then joins as new.", 1).default(0),
});

const everyPool = {
  role: oneOf("What the nodes are in the cluster. 1, 3, 5 or 7 servers in all, in one place.", ["server", "agent"], "agent"),
  labels: textMap("Labels of the nodes. They are kept so; other labels are left alone.", "{site: cellar}").default({}),
  taints: texts("Taints of the nodes, each `key=value:Effect` or `key:Effect`.", "[site=edge:PreferNoSchedule]").default([]),
  k3s: k3sSettings("More k3s settings for these nodes. They win over `cluster.k3s`."),
  drainTimeout: text("How long pods get to leave a node that is removed.", "120s").default("120s"),
  drainPolicy: oneOf("What happens to pods that are left then: `force` kills them, `wait` keeps the node.", drainPolicies, "wait", {
    defaultIs: "force for spot machines, wait for others",
  }).optional(),
  upgrade: z
    .strictObject({
      maxUnavailable: whole("How many agents of the pool are upgraded at the same time. Servers go one at a time.", 3).default(1),
      drain: yesNo("Empties a node before it is upgraded, within `drainTimeout`. Without it its pods run on.").default(false),
    })
    .default({ maxUnavailable: 1, drain: false }),
  removeData: yesNo("Whether volumes that only this pool's nodes can use may go with a node.", {
    defaultIs: "true for agents in clouds, false for others",
  }).optional(),
  bastion: sshTargetSchema
    .meta({
      description: "A host that the pool's nodes are reached through.",
      example: '{address: 192.0.2.20, user: jump, hostKey: "ssh-ed25519 AAAA..."}',
    })
    .optional(),
};

const cloudPool = {
  ...everyPool,
  count: whole("How many nodes, 0 to 500: the burst knob.", 0),
  remove: wholes("Nodes taken out by their number: `[1]` removes NAME-1 and leaves the others.", "[1]").default([]),
  image: oneOf("Operating system of the machines.", imageNames, "debian-12").default("debian-12"),
  architecture: oneOf("Processor of the machines.", architectures, "amd64", { defaultIs: "what the machine type has" }).optional(),
  diskGb: whole("Size of the encrypted system disk, in GiB.", 30).default(30),
  spot: yesNo(
    "Spare capacity that the cloud may take back. Agents only. Nodes get the label hybrid-k3s/spot=true and that taint, NoSchedule.",
  ).default(false),
  spotMaxPrice: dollars("Highest price of a spot machine, in US dollars an hour.", 0.05).optional(),
  publicIp: yesNo("Whether each machine gets a public address.").default(true),
  reachableBy: oneOf(
    "How a machine without a public address and without a bastion is reached: by a route of yours.",
    ["private"],
    "private",
  ).optional(),
  hourlyPrice: dollars("What you pay for a machine, in US dollars an hour; previews then show the costs.", 0.0957).optional(),
};
const zones = (example: string) =>
  texts("Zones that the nodes go to in turn.", example, { defaultIs: "zones of the region, at most four" }).optional();

const bareMetalPoolSchema = z.strictObject({
  provider: ownedBy("bare-metal"),
  ...everyPool,
  jurisdiction: text("Where the hosts stand. Needed where `cluster.allowedJurisdictions` is set.", "eu").optional(),
  hosts: z.array(hostSchema).meta({
    description: "The machines of the pool.",
    example: '[{name: rack-1, address: 192.0.2.10, user: ops, hostKey: "ssh-ed25519 AAAA..."}]',
  }),
});
const awsPoolSchema = z.strictObject({
  provider: ownedBy("aws"),
  ...cloudPool,
  zones: zones("[eu-central-1a, eu-central-1b]"),
  region: text("Region of the machines. It says the jurisdiction too.", "eu-central-1"),
  instanceType: text("Any type that runs Linux.", "t3.large"),
  tagInterface: yesNo("Tags the machine's network interface too. It takes four more resources a machine.").default(false),
});
const azurePoolSchema = z.strictObject({
  provider: ownedBy("azure"),
  ...cloudPool,
  zones: zones('["1", "2"]'),
  region: text("Region of the machines. It says the jurisdiction too.", "westeurope"),
  vmSize: text("Size of the machines. D2s is amd64, D2ps arm64.", "Standard_D2s_v5"),
});

export const poolSchema = z.discriminatedUnion("provider", [bareMetalPoolSchema, awsPoolSchema, azurePoolSchema]);

export type BareMetalPoolConfig = z.output<typeof bareMetalPoolSchema>;
export type AwsPoolConfig = z.output<typeof awsPoolSchema>;
export type AzurePoolConfig = z.output<typeof azurePoolSchema>;
export type HostConfig = z.output<typeof hostSchema>;
export type SshTargetConfig = z.output<typeof sshTargetSchema>;
