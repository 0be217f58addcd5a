import { agnhostImage } from "./mirror/build-tree";
import type { WrittenConfig } from "../src/config/schema";
import { adminTag, controlOf, operatorLogin } from "./console";
import { vendorNames } from "./control/prepare-control";
import type { HostName } from "./hosts/topology";
import { addresses } from "./hosts/topology";
import type { Lab } from "./lab";

type Pools = WrittenConfig["pools"];
export type BareMetalPool = Extract<Pools[string], { provider: "bare-metal" }>;
export type CloudPool = Extract<Pools[string], { provider: "aws" | "azure" }>;
export type PoolHost = BareMetalPool["hosts"][number];

/** A stack's settings as its file has them, without secrets. */
export type StackSettings = Record<string, unknown> & {
  "hybrid-k3s:cluster": WrittenConfig["cluster"];
  "hybrid-k3s:vpn": WrittenConfig["vpn"];
  "hybrid-k3s:mirror": NonNullable<WrittenConfig["mirror"]>;
  "hybrid-k3s:access"?: WrittenConfig["access"];
  "hybrid-k3s:pools": Record<string, BareMetalPool | CloudPool>;
};

export const clusterName = "edge";

/** A lab host as a pool lists it, with the key that it has now. */
export function poolHost(lab: Lab, name: HostName): PoolHost {
  const { spec, hostKey } = lab.host(name);
  return { name, address: spec.ssh.address, port: spec.ssh.port, user: spec.user, hostKey };
}

/** The lab's bastion as a pool names it. */
export function bastion(lab: Lab): NonNullable<BareMetalPool["bastion"]> {
  return { address: addresses.bastion, user: "jump", hostKey: lab.host("bastion").hostKey };
}

/** The lab's cluster: a server and an agent behind one NAT, an agent behind another NAT and a bastion. */
export function labSettings(lab: Lab): StackSettings {
  const { tools, prepared } = controlOf(lab);
  return {
    "hybrid-k3s:cluster": {
      name: clusterName,
      k3sVersion: tools.k3sVersion,
      podCidr: "10.42.0.0/16",
      serviceCidr: "10.43.0.0/16",
      probeImage: agnhostImage,
      // A start with etcd waits some seconds for its election; the scenarios `routes` and `servers` have the default.
      datastore: "sqlite",
      // No image of it can be had here, and while an API group of the real k3s has nobody to serve it, no namespace is ever gone.
      k3s: { disable: ["metrics-server"] },
    },
    "hybrid-k3s:vpn": {
      mode: "tailscale",
      version: tools.tailscaleVersion,
      tagOwners: [adminTag],
      operators: ["group:ops"],
      groups: { ops: [operatorLogin] },
      policy: "own",
    },
    "hybrid-k3s:mirror": {
      k3s: "https://mirror.lab.test/k3s",
      tailscale: "https://mirror.lab.test/tailscale",
      caFile: prepared.siteAuthority.certificateFile,
    },
    "hybrid-k3s:pools": {
      rack: { provider: "bare-metal", role: "server", hosts: [poolHost(lab, "rack-1")] },
      metal: { provider: "bare-metal", role: "agent", hosts: [poolHost(lab, "rack-2")] },
      edge: { provider: "bare-metal", role: "agent", bastion: bastion(lab), hosts: [poolHost(lab, "kiosk-1")] },
    },
  };
}

/**
 * The same cluster at the lab's own headscale, as an operator has it who runs one: its address, its authority, no account with a vendor. The
 * policy is one of others, in headscale's database.
 */
export function headscaleSettings(lab: Lab): StackSettings {
  const { prepared, tools } = controlOf(lab);
  return {
    ...labSettings(lab),
    "hybrid-k3s:vpn": {
      mode: "headscale",
      version: tools.tailscaleVersion,
      operators: ["group:ops"],
      loginServer: `https://${vendorNames.control}`,
      caFile: prepared.labAuthority.certificateFile,
    },
  };
}

/** The pool of this name, as far as it lists hosts. */
export function metalPool(settings: StackSettings, name: string): BareMetalPool {
  const pool = settings["hybrid-k3s:pools"][name];
  if (pool?.provider !== "bare-metal") throw new Error(`the stack has no bare-metal pool ${name}`);
  return pool;
}

export type BurstPool = "burst" | "burst-az";

/** Adds a pool in each cloud, without a node yet: AWS with public addresses, Azure behind its NAT and the lab's bastion. */
export function addBurstPools(lab: Lab, settings: StackSettings): void {
  // The addresses that the clouds' firewalls see: the operator's own, and the bastion's.
  settings["hybrid-k3s:access"] = { allowedCidrs: [`${addresses.operator}/32`, `${addresses.bastion}/32`] };
  Object.assign(settings, { "aws:region": "eu-central-1", "azure-native:subscriptionId": "0b1f6471-1bf0-4dda-aec3-cb9272f09590" });
  settings["hybrid-k3s:networks"] = { azure: { westeurope: { natGateway: true } } };
  const common = { role: "agent", count: 0, drainTimeout: "30s" } as const;
  Object.assign(settings["hybrid-k3s:pools"], {
    burst: { provider: "aws", ...common, region: "eu-central-1", instanceType: "t3.large" },
    "burst-az": {
      provider: "azure",
      ...common,
      region: "westeurope",
      vmSize: "Standard_D2s_v5",
      publicIp: false,
      bastion: bastion(lab),
    },
  } satisfies Record<BurstPool, CloudPool>);
}

/** The cloud pool of this name, to be changed. */
export function cloudPool(settings: StackSettings, name: string): CloudPool {
  const pool = settings["hybrid-k3s:pools"][name];
  if (pool === undefined || pool.provider === "bare-metal") throw new Error(`the stack has no cloud pool ${name}`);
  return pool;
}

/** The names of the nodes that these settings ask for. */
export const nodeNames = (settings: StackSettings): string[] =>
  Object.entries(settings["hybrid-k3s:pools"]).flatMap(([name, pool]) =>
    pool.provider === "bare-metal"
      ? pool.hosts.map((host) => host.name)
      : Array.from({ length: pool.count ?? 0 }, (_none, index) => `${clusterName}-${name}-${index}`),
  );

/** The pool of lab hosts that stand at the same site as this one. */
export const poolOf = (name: HostName): "rack" | "metal" | "edge" =>
  name === "rack-1" ? "rack" : name.startsWith("kiosk") ? "edge" : "metal";
