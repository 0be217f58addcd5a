import type { Namespaces } from "./namespaces";
import { addresses, hostSpecs } from "./topology";
import type { HostName } from "./topology";

export type Place = HostName | keyof typeof addresses;

export interface Cut {
  /** Packets between this place and `to` are lost. Booted hosts are named as their own network sees them, so a NAT does not hide them. */
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
  return [addresses[place as keyof typeof addresses]];
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

/** Loses packets on the lab's bridges: hosts see nothing of it, neither in their firewall nor on their links. */
export async function makeCut(namespaces: Namespaces, cut: Cut): Promise<ActiveCut> {
  made += 1;
  const table = `cut-${process.pid}-${made}`;
  const rules = conditions(cut).map((condition) => `    ${condition} drop\n`);
  const input = `table bridge ${table} {\n  chain forward {\n    type filter hook forward priority 0\n${rules.join("")}  }\n}\n`;
  await namespaces.runOrFail(["nft", "-f", "-"], { input });
  return {
    async heal() {
      await namespaces.runOrFail(["nft", "delete", "table", "bridge", table]);
    },
  };
}
