import { contains, formatNetwork, type Network, overlap, readIpv4, tailnetCidr, tailnetNetwork } from "../values/cidr";
import { addressesOf, networksOf } from "../cloud-pools";
import type { ConfigIssue } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { hostsOf } from "../pool-hosts";
import { networkSizes } from "../../catalog/subnet-layout";
import { clusterNetworks } from "./cluster-networks";

interface MadeNetwork {
  readonly network: Network;
  readonly written: boolean;
  /** Path of its setting. */
  readonly path: string;
}

/** Networks that the stack makes, or will: apart from one another and from everything that nodes must tell them from. */
export function validateNetworkOverlaps(draft: ConfigDraft): readonly ConfigIssue[] {
  const made = madeNetworks(draft);
  return made.flatMap((one, index) => [
    ...overlapsWithCluster(one, draft),
    ...made
      // Of two, the later one is reported; where only one is written, that one, because the other is not for the user to see.
      .filter((other, at) => (one.written === other.written ? at < index : one.written) && overlap(one.network, other.network))
      .map((other) => issue(one, `overlaps the network of ${other.path}, ${formatNetwork(other.network)}`)),
    ...hostsOf(draft).flatMap(({ host, at }) => {
      const address = readIpv4(host.address ?? "");
      return address !== undefined && contains(one.network, address)
        ? [issue(one, `holds the address of ${at()}, ${host.address ?? ""}`)]
        : [];
    }),
  ]);
}

function madeNetworks(draft: ConfigDraft): readonly MadeNetwork[] {
  return networksOf(draft).flatMap((placed) => {
    const network = addressesOf(placed);
    const written = placed.written?.cidr !== undefined;
    if (network === undefined || (!written && placed.pools.every(({ nodes }) => nodes === 0))) return [];
    return [{ network, written, path: placed.at("cidr") }];
  });
}

function overlapsWithCluster(made: MadeNetwork, draft: ConfigDraft): ConfigIssue[] {
  const { podCidr, serviceCidr } = clusterNetworks(draft);
  const others = [
    { network: podCidr, what: "cluster.podCidr" },
    { network: serviceCidr, what: "cluster.serviceCidr" },
    { network: tailnetNetwork, what: "the tailnet's own addresses" },
  ];
  return others.flatMap(({ network, what }) =>
    network !== undefined && overlap(made.network, network)
      ? [issue(made, `overlaps ${what}, ${network === tailnetNetwork ? tailnetCidr : formatNetwork(network)}`)]
      : [],
  );
}

function issue({ network, written, path }: MadeNetwork, fault: string): ConfigIssue {
  return {
    path,
    problem: written ? `"${formatNetwork(network)}" ${fault}` : `is missing, and the default, "${formatNetwork(network)}", ${fault}`,
    remedy: `Write a network that nothing else uses, a /${networkSizes.from} to a /${networkSizes.to}.`,
  };
}
