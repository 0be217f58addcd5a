import { CloudError, type FirewallRule } from "../contract";
import { type RegionState, find } from "./region-state";

/** The lab's firewall opens ports one by one. */
const WIDEST_RANGE = 64;

/** What the security groups let in, as the lab's firewall opens it. */
export function firewallOf(state: RegionState, groupIds: readonly string[]): readonly FirewallRule[] {
  const sources = new Map<string, string[]>();
  for (const permission of groupIds.flatMap((id) => find(state, "groups", id).ingress)) {
    if (permission.cidr.includes(":")) continue; // the lab has no IPv6
    const { protocol, fromPort = 0, toPort = 65535, cidr } = permission;
    if ((protocol !== "tcp" && protocol !== "udp") || toPort - fromPort >= WIDEST_RANGE) {
      const rule = `${protocol} ${fromPort}-${toPort} from ${cidr}`;
      throw new CloudError(
        "Unsupported",
        `the lab's firewall opens tcp and udp ports, at most ${WIDEST_RANGE} a rule; a security group lets in ${rule}`,
      );
    }
    for (let port = fromPort; port <= toPort; port++) {
      const key = `${protocol} ${port}`;
      sources.set(key, [...(sources.get(key) ?? []), cidr]);
    }
  }
  return [...sources].map(([key, cidrs]) => {
    const [protocol, port] = key.split(" ");
    return { protocol: protocol === "udp" ? "udp" : "tcp", port: Number(port), sources: [...new Set(cidrs)] };
  });
}

/** The lab's machines may always send: groups that let nothing out would work here and nowhere else. */
export function assertLetsOut(state: RegionState, groupIds: readonly string[]): void {
  const isOpen = groupIds.some((id) =>
    find(state, "groups", id).egress.some(({ protocol, cidr }) => protocol === "-1" && cidr === "0.0.0.0/0"),
  );
  if (isOpen) return;
  throw new CloudError(
    "Unsupported",
    `none of the security groups ${groupIds.join(", ")} lets everything out, and the lab cannot hold a machine's own traffic back`,
  );
}
