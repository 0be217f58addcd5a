/** The lab's machines and networks; the addresses exist only inside the lab's namespaces, so every lab has the same. */

export interface Link {
  readonly interface: string;
  readonly bridge: Bridge;
  readonly address: string;
  readonly gateway?: string;
  readonly routes?: readonly { readonly network: string; readonly gateway: string }[];
}

export type HostName = "rack-1" | "rack-2" | "rack-3" | "kiosk-1" | "kiosk-2" | "bastion";

export interface HostSpec {
  readonly name: HostName;
  readonly links: readonly Link[];
  /** Whom the operator's key opens the host to. */
  readonly user: "ops" | "root" | "jump";
  readonly sudo: boolean;
  /** How the operator reaches its sshd. */
  readonly ssh: { readonly address: string; readonly port: number; readonly throughBastion: boolean };
}

const bridges = ["wan", "metal", "edge"] as const;
export type Bridge = (typeof bridges)[number];

export const addresses = {
  control: "198.18.0.10",
  api: "198.18.0.11",
  mirror: "198.18.0.12",
  natA: "198.18.0.20",
  natB: "198.18.0.30",
  bastion: "198.18.0.31",
  operator: "198.18.0.40",
  outsider: "198.18.0.50",
  foreign: "198.18.0.60",
  aws: "198.18.0.70",
  azure: "198.18.0.80",
} as const;

/**
 * The emulated clouds: the private networks that machines may stand in. What they send goes out under the address of the cloud's router,
 * or under their own public one.
 */
export const clouds = {
  aws: { network: "172.16.0.0/13", router: addresses.aws },
  azure: { network: "172.24.0.0/13", router: addresses.azure },
} as const;

/** Public addresses that machines of the clouds may get: 198.18.0.100 to 198.18.0.139. */
export const publicAddresses: readonly string[] = Array.from({ length: 40 }, (_, index) => `198.18.0.${100 + index}`);

/** The names that the program knows, served inside the lab by its own machines. */
export const names: Readonly<Record<string, string>> = {
  "controlplane.tailscale.com": addresses.control,
  "api.tailscale.com": addresses.api,
  "mirror.lab.test": addresses.mirror,
};

function metalHost(name: HostName, number: number, user: "ops" | "root"): HostSpec {
  return {
    name,
    links: [{ interface: "eth0", bridge: "metal", address: `10.10.1.${10 + number}/24`, gateway: "10.10.1.1" }],
    user,
    sudo: user !== "root",
    ssh: { address: addresses.natA, port: 2200 + number, throughBastion: false },
  };
}

function edgeHost(name: HostName, number: number): HostSpec {
  const address = `10.10.2.${10 + number}`;
  return {
    name,
    links: [{ interface: "eth0", bridge: "edge", address: `${address}/24`, gateway: "10.10.2.1" }],
    user: "ops",
    sudo: true,
    ssh: { address, port: 22, throughBastion: true },
  };
}

/** As an operator who routes to a VPC and a VNet. */
const cloudRoutes = Object.values(clouds).map(({ network, router }) => ({ network, gateway: router }));

export const hostSpecs: readonly HostSpec[] = [
  metalHost("rack-1", 1, "ops"),
  metalHost("rack-2", 2, "root"),
  metalHost("rack-3", 3, "ops"),
  edgeHost("kiosk-1", 1),
  edgeHost("kiosk-2", 2),
  {
    name: "bastion",
    links: [
      { interface: "eth0", bridge: "edge", address: "10.10.2.2/24", gateway: "10.10.2.1" },
      { interface: "eth1", bridge: "wan", address: `${addresses.bastion}/24`, routes: cloudRoutes },
    ],
    user: "jump",
    sudo: false,
    ssh: { address: addresses.bastion, port: 22, throughBastion: false },
  },
];

/** Booted with every lab; the others are spares that a test boots when it needs them. */
export const firstHosts: readonly HostName[] = ["rack-1", "rack-2", "kiosk-1", "bastion"];

const onWan = (name: keyof typeof addresses): readonly string[] => [`netns ${name}`, `plug ${name} eth0 wan ${addresses[name]}/24`];

/** The lines for network.sh that make a host's own links, at each boot of it. */
export function linkLines({ name, links }: HostSpec): readonly string[] {
  return links.flatMap(({ interface: end, bridge, address, gateway, routes }) => [
    `plug ${name} ${end} ${bridge} ${address}`,
    ...(gateway === undefined ? [] : [`gateway ${name} ${gateway}`]),
    ...(routes ?? []).map((route) => `route ${name} ${route.network} ${route.gateway}`),
  ]);
}

/** The lines for network.sh that make everything but the booted hosts' own links. */
export function networkLines(): readonly string[] {
  return [
    ...bridges.map((bridge) => `bridge ${bridge}`),
    ...(["control", "api", "mirror", "operator"] as const).flatMap(onWan),
    ...onWan("natA"),
    "plug natA eth1 metal 10.10.1.1/24",
    "router natA eth1 eth0",
    ...[1, 2, 3].map((number) => `forward natA eth0 ${2200 + number} 10.10.1.${10 + number}:22`),
    ...onWan("natB"),
    "plug natB eth1 edge 10.10.2.1/24",
    "router natB eth1 eth0",
    ...(["aws", "azure"] as const).flatMap((cloud) => [...onWan(cloud), `cloud-router ${cloud} ${clouds[cloud].router}`]),
  ];
}

/** The lines for network.sh that add a machine on the WAN. */
export const wanMachineLines = (name: "outsider" | "foreign"): readonly string[] => onWan(name);
