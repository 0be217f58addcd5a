import { findMachineSpec } from "./cloud-vm";
import type { Namespaces } from "./namespaces";
import { addresses, clouds, hostSpecs } from "./topology";
import type { HostName } from "./topology";

/** A host, a machine on the WAN, or a cloud's machine by its name. */
export type Place = HostName | keyof typeof addresses | CloudVmName;

/** `aws1`, `az2`. */
type CloudVmName = `${"aws" | "az"}${number}`;

export interface Cut {
  /**
   * Packets between this place and `to` are lost. Booted hosts are named as their own network sees them, so a NAT does not hide
   * them. A cloud's machine without a public address is lost to all of the WAN alike: cut it off with `and` absent, or from a WAN place.
   */
  readonly between: Place;
  /** Default: everyone. */
  readonly and?: Place;
  /** Default: everything. */
  readonly protocol?: "udp" | "tcp" | "icmp";
}

/** A fault of the network that lasts until it is healed. */
export interface ActiveCut {
  heal(): Promise<void>;
}

function addressesOf(place: Place): readonly string[] {
  const host = hostSpecs.find((spec) => spec.name === place);
  if (host !== undefined) return host.links.map((link) => link.address.replace(/\/.*/, ""));
  const machine = findMachineSpec(place);
  if (machine !== undefined) return [machine.privateAddress, ...(machine.publicAddress === undefined ? [] : [machine.publicAddress])];
  const address = (addresses as Readonly<Record<string, string>>)[place];
  if (address === undefined) throw new Error(`no place called ${place} in the lab`);
  return [address];
}

const asSet = (values: readonly string[]): string => `{ ${values.join(", ")} }`;

/** Both directions of the cut, as conditions of nftables rules. */
function conditions(cut: Cut): readonly string[] {
  const here = asSet(addressesOf(cut.between));
  const there = cut.and === undefined ? undefined : asSet(addressesOf(cut.and));
  const protocol = cut.protocol === undefined ? "" : ` ip protocol ${cut.protocol}`;
  return [
    `ip saddr ${here}${there === undefined ? "" : ` ip daddr ${there}`}${protocol}`,
    `ip daddr ${here}${there === undefined ? "" : ` ip saddr ${there}`}${protocol}`,
  ];
}

let made = 0;

const table = (family: string, name: string, cut: Cut, priority: number): string =>
  `table ${family} ${name} {\n  chain forward {\n    type filter hook forward priority ${priority}\n${conditions(cut)
    .map((condition) => `    ${condition} drop\n`)
    .join("")}  }\n}\n`;

/** Loses packets on the lab's bridges and in the clouds' routers: hosts see nothing of it, neither in their firewall nor on their links. */
export async function makeCut(namespaces: Namespaces, cut: Cut): Promise<ActiveCut> {
  made += 1;
  const name = `cut-${process.pid}-${made}`;
  // A router's own firewall comes after; a machine of a cloud meets neither a bridge nor its public address there.
  const routers = Object.keys(clouds).map((netns) => ({ netns }));
  await namespaces.runOrFail(["nft", "-f", "-"], { input: table("bridge", name, cut, 0) });
  for (const router of routers) await namespaces.runOrFail(["nft", "-f", "-"], { ...router, input: table("ip", name, cut, -10) });
  return {
    async heal() {
      await namespaces.runOrFail(["nft", "delete", "table", "bridge", name]);
      for (const router of routers) await namespaces.runOrFail(["nft", "delete", "table", "ip", name], router);
    },
  };
}
