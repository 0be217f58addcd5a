import type { WrittenConfig } from "../src/config/schema";
import { adminTag, controlOf, operatorLogin } from "./console";
import type { HostName } from "./hosts/topology";
import { addresses } from "./hosts/topology";
import type { Lab } from "./lab";

type Pools = WrittenConfig["pools"];
export type BareMetalPool = Extract<Pools[string], { provider: "bare-metal" }>;
export type PoolHost = BareMetalPool["hosts"][number];

/** A stack's settings as its file has them, without secrets. */
export type StackSettings = Record<string, unknown> & {
  "hybrid-k3s:cluster": WrittenConfig["cluster"];
  "hybrid-k3s:vpn": WrittenConfig["vpn"];
  "hybrid-k3s:mirror": NonNullable<WrittenConfig["mirror"]>;
  "hybrid-k3s:pools": Record<string, BareMetalPool>;
};

export const clusterName = "edge";

/** A lab host as a pool lists it, with the key that it has now. */
export function poolHost(lab: Lab, name: HostName): PoolHost {
  const { spec, hostKey } = lab.host(name);
  return { name, address: spec.ssh.address, port: spec.ssh.port, user: spec.user, hostKey };
}

function bastion(lab: Lab): NonNullable<BareMetalPool["bastion"]> {
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

/** The pool of lab hosts that stand at the same site as this one. */
export const poolOf = (name: HostName): "rack" | "metal" | "edge" =>
  name === "rack-1" ? "rack" : name.startsWith("kiosk") ? "edge" : "metal";
