import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../src/plan/cluster-plan";
import { keepWarnings } from "../helpers/kept-warnings";

const SUBNET = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/hub/subnets/";
const VENDORS = { tailscaleUrl: "https://pkgs.tailscale.com/stable", k3sReleasesUrl: "https://github.com/k3s-io/k3s/releases/download" };
const AWS = "networks.aws.eu-central-1: subnet";
const AZURE = `networks.azure.westeurope: subnet ${SUBNET}`;

interface Wanted {
  readonly subnetIds?: readonly string[];
  readonly azure?: string;
  readonly publicIp?: boolean;
  readonly vpcId?: string;
  readonly more?: object;
}

/** As much of a plan as is looked at: one machine in each network. */
function planOf({ subnetIds = [], azure = "nat", publicIp = false, vpcId = "vpc-1", more = {} }: Wanted): ClusterPlan {
  const networks = [
    { kind: "aws", name: "a", region: "eu-central-1", sshCidrs: [], vpc: { kind: "existing", vpcId, subnetIds } },
    { kind: "azure", name: "z", region: "westeurope", sshCidrs: [], vnet: { kind: "existing", subnetId: SUBNET + azure } },
  ];
  const nodes = networks.map(({ kind, name }) => ({ kind, network: name, publicIp }));
  return { networks, nodes, sources: VENDORS, tailnet: { control: { mode: "tailscale" } }, ...more } as unknown as ClusterPlan;
}

/** The engine's own words reach the program as `details` of the gRPC error (sdk/nodejs/runtime/invoke.ts). */
const failed = (details: string) => Object.assign(new Error(), { details });

const route = (cidrBlock: string, target: object) => ({
  cidrBlock,
  destinationPrefixListId: "",
  gatewayId: "",
  natGatewayId: "",
  ...target,
});
const [NAT, IGW, TRANSIT] = [{ natGatewayId: "nat-1" }, { gatewayId: "igw-1" }, { transitGatewayId: "tgw-1" }];
const TABLES: Readonly<Record<string, readonly object[]>> = {
  nat: [route("0.0.0.0/0", NAT)],
  igw: [route("0.0.0.0/0", IGW)],
  transit: [route("0.0.0.0/0", TRANSIT)],
  "nat-halves": [route("0.0.0.0/1", NAT), route("128.0.0.0/1", NAT), route("0.0.0.0/0", IGW)],
  "igw-half": [route("0.0.0.0/1", NAT), route("128.0.0.0/1", IGW)],
  "one-half": [route("0.0.0.0/1", NAT)],
  parts: [route("10.0.0.0/8", TRANSIT), route("52.0.0.0/8", NAT), route("", { destinationPrefixListId: "pl-1", natGatewayId: "nat-1" })],
  inward: [route("10.0.0.0/8", TRANSIT), route("", { ipv6CidrBlock: "::/0", gatewayId: "igw-1" })],
  "igw-and-part": [route("0.0.0.0/0", IGW), route("52.0.0.0/8", NAT)],
  "nat-and-office": [route("0.0.0.0/0", NAT), route("203.0.113.0/24", IGW)],
  shut: [],
};

describe("the way out of existing networks", () => {
  let refuse: (plan: ClusterPlan) => Promise<void>;
  let calls: string[] = [];
  let warnings: readonly string[] = [];

  before(async () => {
    await pulumi.runtime.setMocks({
      newResource: () => ({ id: "", state: {} }),
      call: ({ token, inputs }) => {
        const given = inputs as Record<string, string>;
        calls.push(token);
        const name = given["subnetName"] ?? given["subnetId"] ?? "";
        if (token === "azure-native:network:getSubnet") {
          if (name === "hidden") throw failed("AuthorizationFailed");
          return (
            { nat: { natGateway: { id: "nat" } }, routed: { routeTable: { id: "table" } }, private: { defaultOutboundAccess: false } }[
              name
            ] ?? {}
          );
        }
        if (token === "aws:ec2/getVpnGateway:getVpnGateway") {
          if (given["attachedVpcId"] === "vpc-1") throw failed("invoking it: 1 error occurred:\n\t* no matching EC2 VPN Gateway found\n");
          if (given["attachedVpcId"] === "vpc-secret") throw failed("not authorized");
          return { id: "vgw-1" };
        }
        if (name === "busy") throw failed("reading EC2 VPC Route Table: api error RequestLimitExceeded: Request limit exceeded.");
        const routes = TABLES[name] ?? { "vpc-1": TABLES["nat"], "vpc-busy": TABLES["shut"] }[given["vpcId"] ?? ""];
        if (routes === undefined) throw failed("query returned no results. Please change your search criteria and try again");
        return { routes };
      },
    });
    const loaded = (await import("../../src/preview/refuse-missing-egress.js")) as { refuseMissingEgress: typeof refuse };
    refuse = loaded.refuseMissingEgress;
  });

  beforeEach(() => ([calls, warnings] = [[], keepWarnings()]));

  const refusalOf = (wanted: Wanted): Promise<readonly string[]> =>
    refuse(planOf(wanted)).then(
      () => assert.fail("it was accepted"),
      (error: unknown) => (error instanceof pulumi.RunError ? error.message.split("\n") : assert.fail(String(error))),
    );

  it("is there with a NAT or whatever else takes all, in one route or two, also where a subnet follows its VPC's main route table", async () => {
    await refuse(planOf({ subnetIds: ["nat", "nat-halves", "transit", "of-main-table"] }));
    await refuse(planOf({ subnetIds: ["nat"], azure: "routed" }));
    assert.deepEqual(warnings, []);
  });

  it("is there for public machines with an internet gateway, and not asked of Azure", async () => {
    await refuse(planOf({ subnetIds: ["igw"], azure: "private", publicIp: true }));
    assert.deepEqual([calls, warnings], [["aws:ec2/getRouteTable:getRouteTable"], []]);
  });

  it("is missed in one message with all subnets and remedies, before anything is made", async () => {
    assert.deepEqual(await refusalOf({ subnetIds: ["igw", "inward", "shut"] }), [
      "Machines in existing networks have no way to the internet, and nothing was made:",
      `- ${AWS} igw sends 0.0.0.0/0 to the internet gateway igw-1, which serves public addresses only; route it through a NAT gateway`,
      `- ${AWS} inward has no route to 0.0.0.0/0; add one through a NAT gateway`,
      `- ${AWS} shut has no route to 0.0.0.0/0; add one through a NAT gateway`,
    ]);
    assert.deepEqual((await refusalOf({ subnetIds: ["igw", "nat", "shut"], publicIp: true })).slice(1), [
      `- ${AWS} nat sends 0.0.0.0/0 to the NAT gateway nat-1, behind which no public address can be reached; route it through an internet gateway, or set publicIp: false`,
      `- ${AWS} shut has no route to 0.0.0.0/0; add one through an internet gateway, or set publicIp: false`,
    ]);
    assert.deepEqual(warnings, []);
  });

  it("is told of, not refused, where routes lead to parts of the internet or past the internet gateway", async () => {
    await refuse(planOf({ subnetIds: ["one-half", "parts", "igw-half", "igw-and-part"] }));
    await refuse(planOf({ subnetIds: ["transit", "nat-and-office"], publicIp: true }));
    assert.deepEqual(warnings, [
      `${AWS} one-half has no route to 0.0.0.0/0 but to 0.0.0.0/1; where that is not enough, add one through a NAT gateway`,
      `${AWS} parts has no route to 0.0.0.0/0 but to 52.0.0.0/8, pl-1; where that is not enough, add one through a NAT gateway`,
      `${AWS} igw-half sends 128.0.0.0/1 to the internet gateway igw-1, which serves public addresses only; route it through a NAT gateway`,
      `${AWS} igw-and-part sends 0.0.0.0/0 to the internet gateway igw-1, which serves public addresses only; route it through a NAT gateway`,
      `${AWS} transit does not send 0.0.0.0/0 to an internet gateway; public addresses work there only behind a firewall that passes them on`,
      `${AWS} nat-and-office sends 0.0.0.0/0 to the NAT gateway nat-1, behind which no public address can be reached; route it through an internet gateway, or set publicIp: false`,
    ]);
  });

  it("is told of where it cannot be looked at, which says nothing of it, and not judged by a table that is not the subnet's", async () => {
    await refuse(planOf({ subnetIds: ["busy"], vpcId: "vpc-busy", azure: "hidden" }));
    await refuse(planOf({ subnetIds: ["of-main-table"], vpcId: "vpc-of-others" }));
    const unseen = "and nobody knows whether machines get out of it";
    assert.deepEqual(warnings, [
      `${AWS} busy could not be looked at (reading EC2 VPC Route Table: api error RequestLimitExceeded: Request limit exceeded.), ${unseen}`,
      `${AZURE}hidden could not be looked at (AuthorizationFailed), ${unseen}`,
      `${AWS} of-main-table could not be looked at (query returned no results. Please change your search criteria and try again), ${unseen}`,
    ]);
  });

  it("is told of where a VPN gateway may propagate it, or nothing beyond the network is needed", async () => {
    await refuse(planOf({ subnetIds: ["shut"], vpcId: "vpc-vpn" }));
    await refuse(planOf({ subnetIds: ["inward"], vpcId: "vpc-secret" }));
    const own = { tailscaleUrl: "https://mirror/tailscale", k3sReleasesUrl: "https://mirror/k3s" };
    const control = { control: { mode: "headscale" } };
    await refuse(planOf({ subnetIds: ["shut", "igw"], more: { sources: own, tailnet: control } }));
    await refusalOf({ subnetIds: ["shut"], more: { tailnet: control } });
    await refusalOf({ subnetIds: ["shut"], more: { sources: own } });
    assert.deepEqual(warnings, [
      `${AWS} shut has no route to 0.0.0.0/0 that shows; the VPN gateway vgw-1 of the VPC may propagate one`,
      `${AWS} inward has no route to 0.0.0.0/0 that shows; whether a VPN gateway propagates one could not be looked at (not authorized)`,
      `${AWS} shut has no route to 0.0.0.0/0; mirror and control server must be within reach of it`,
      `${AWS} igw sends 0.0.0.0/0 to the internet gateway igw-1, which serves public addresses only; route it through a NAT gateway`,
    ]);
  });

  it("is told of in Azure, which has ways out that a subnet does not tell of", async () => {
    await refuse(planOf({ azure: "private" }));
    await refuse(planOf({ azure: "lent" }));
    assert.deepEqual(warnings, [
      `${AZURE}private has neither a NAT gateway nor a route table, and Azure lends no address there: machines without public ones get out only by a route that a hub or a gateway announces, or by a load balancer's outbound rules; where there are none, give it a NAT gateway`,
      `${AZURE}lent has neither a NAT gateway nor a route table: machines without public addresses get out by one that Azure lends and may change; a NAT gateway lasts`,
    ]);
  });
});
