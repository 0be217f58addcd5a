import { isWithin, privateNetworks, readCidr, tailnetNetwork } from "../config/values/cidr";
import { everywhere } from "../clouds/cloud-firewall";

/** A route as the provider tells it: what is not set is empty. The VPC's own and those that a VPN gateway propagates are left out. */
export type TableRoute = Readonly<Record<"cidrBlock" | "destinationPrefixListId" | "gatewayId" | "natGatewayId", string>>;

/** What is wrong with a subnet for certain, or what cannot be told from here and may work. */
export interface SubnetFinding {
  readonly kind: "fault" | "doubt";
  readonly text: string;
}

/** Both together are more specific than a default route, and lead everywhere as it does. */
const halves = ["0.0.0.0/1", "128.0.0.0/1"];

/** Whether machines without a public address get out by these routes; undefined: none of them leads to the internet. */
export function judgePrivate(routes: readonly TableRoute[]): SubnetFinding | "out" | undefined {
  const ways = defaultRoutes(routes);
  const wrong = ways.find(isToInternetGateway);
  if (wrong === undefined) return ways.length > 0 ? "out" : elsewhere(routes, "a NAT gateway");
  const gateway = `sends ${wrong.cidrBlock} to the internet gateway ${wrong.gatewayId}, which serves public addresses only`;
  // Other routes may lead to all that is needed.
  const kind = outward(routes).every(isToInternetGateway) ? "fault" : "doubt";
  return { kind, text: `${gateway}; route it through a NAT gateway` };
}

/** The same for machines with a public address, which works behind an internet gateway alone; some firewalls stand before one. */
export function judgePublic(routes: readonly TableRoute[]): SubnetFinding | "out" | undefined {
  const ways = defaultRoutes(routes);
  const other = ways.find((route) => !isToInternetGateway(route));
  if (ways.length === 0) return elsewhere(routes, "an internet gateway");
  if (other === undefined) return "out";
  if (other.natGatewayId !== "") {
    const nat = `sends ${other.cidrBlock} to the NAT gateway ${other.natGatewayId}, behind which no public address can be reached`;
    // A route of its own may lead to the networks that pulumi runs in.
    const kind = outward(routes).some(isToInternetGateway) ? "doubt" : "fault";
    return { kind, text: `${nat}; route it through an internet gateway, or set publicIp: false` };
  }
  const text = `does not send ${other.cidrBlock} to an internet gateway; public addresses work there only behind a firewall that passes them on`;
  return { kind: "doubt", text };
}

const isToInternetGateway = ({ gatewayId }: TableRoute): boolean => gatewayId.startsWith("igw-");

function defaultRoutes(routes: readonly TableRoute[]): readonly TableRoute[] {
  const cut = routes.filter(({ cidrBlock }) => halves.includes(cidrBlock));
  const whole = routes.filter(({ cidrBlock }) => cidrBlock === everywhere);
  return cut.length === halves.length ? cut : whole.length > 0 ? [...whole, ...cut] : [];
}

/** Without a default route others may lead to all that is needed: parts of the internet, or a list of networks that only AWS knows. */
function elsewhere(routes: readonly TableRoute[], through: string): SubnetFinding | undefined {
  const targets = outward(routes).map(({ cidrBlock, destinationPrefixListId }) => cidrBlock || destinationPrefixListId);
  if (targets.length === 0) return undefined;
  return {
    kind: "doubt",
    text: `has no route to ${everywhere} but to ${targets.join(", ")}; where that is not enough, add one through ${through}`,
  };
}

/** Routes beyond private networks. */
const outward = (routes: readonly TableRoute[]): readonly TableRoute[] =>
  routes.filter(({ cidrBlock, destinationPrefixListId }) => (cidrBlock === "" ? destinationPrefixListId !== "" : !isInward(cidrBlock)));

function isInward(cidrBlock: string): boolean {
  const cidr = readCidr(cidrBlock);
  return cidr.kind !== "network" || [...privateNetworks, tailnetNetwork].some((network) => isWithin(cidr.network, network));
}
