import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { describe, it } from "node:test";
import { Aws, type Body, type MadeNetwork } from "./aws-fixture";
import { Azure, machine, machineId, networkId, nic, subnetId } from "./azure-fixture";

const ANYWHERE = "0.0.0.0/0";

/** Whether a new machine in the network can send to the world. */
async function reachesOut(aws: Aws, { subnet, group }: MadeNetwork, isPublic: boolean): Promise<boolean> {
  const network = { DeviceIndex: 0, SubnetId: subnet, Groups: [group], AssociatePublicIpAddress: isPublic };
  await aws.inState(await aws.run({ subnet, group } as MadeNetwork, { NetworkInterfaces: [network] }), "running");
  return [...aws.machines.on.values()].at(-1)?.isShutIn !== true;
}

async function route(aws: Aws, { vpc }: MadeNetwork, target: Body, subnet: string, destinations = [ANYWHERE]): Promise<void> {
  const { RouteTable } = await aws.ask<{ RouteTable: { RouteTableId: string } }>("CreateRouteTable", { VpcId: vpc });
  const { RouteTableId } = RouteTable;
  for (const DestinationCidrBlock of destinations) await aws.ask("CreateRoute", { RouteTableId, DestinationCidrBlock, ...target });
  await aws.ask("AssociateRouteTable", { RouteTableId, SubnetId: subnet });
}

describe("ways out of the emulated clouds", () => {
  // https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
  it("serve public addresses alone where a subnet's route goes to the internet gateway, and none without a route", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    assert.equal(await reachesOut(aws, network, true), false);
    await route(aws, network, { GatewayId: network.gateway }, network.subnet);
    assert.equal(await reachesOut(aws, network, true), true);
    assert.equal(await reachesOut(aws, network, false), false);
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
  it("are two routes to the halves of the world too, and not one of them", async () => {
    const halves = ["0.0.0.0/1", "128.0.0.0/1"];
    for (const destinations of [halves, halves.slice(1)]) {
      const aws = new Aws();
      const network = await aws.makeNetwork();
      await route(aws, network, { GatewayId: network.gateway }, network.subnet, destinations);
      assert.equal(await reachesOut(aws, network, true), destinations.length === 2);
    }
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html, .../nat-gateway-troubleshooting.html
  it("serve private addresses by a NAT gateway, once it is available and stands in a public subnet", async () => {
    const aws = new Aws();
    const wide = await aws.makeNetwork("10.20.0.0/20");
    await aws.ask("DeleteSubnet", { SubnetId: wide.subnet });
    type Made = { Subnet: { SubnetId: string } };
    const subnet = async (cidr: string) => (await aws.ask<Made>("CreateSubnet", { VpcId: wide.vpc, CidrBlock: cidr })).Subnet.SubnetId;
    const [edge, inner] = [await subnet("10.20.1.0/24"), await subnet("10.20.2.0/24")];
    const { AllocationId } = await aws.ask("AllocateAddress", { Domain: "vpc" });
    type Nat = { NatGateway: { NatGatewayId: string } };
    const { NatGateway } = await aws.ask<Nat>("CreateNatGateway", { SubnetId: edge, AllocationId });
    const ids = { NatGatewayIds: [NatGateway.NatGatewayId] };
    const state = async () => (await aws.ask<{ NatGateways: readonly Body[] }>("DescribeNatGateways", ids)).NatGateways[0]?.["State"];
    await route(aws, wide, { NatGatewayId: NatGateway.NatGatewayId }, inner);
    for (let tries = 0; (await state()) !== "available"; tries++) {
      assert.ok(tries < 200, "the NAT gateway does not become available");
      await setTimeout(25);
    }
    const network = { ...wide, subnet: inner };
    assert.equal(await reachesOut(aws, network, false), false);
    await route(aws, wide, { GatewayId: wide.gateway }, edge);
    assert.equal(await reachesOut(aws, network, false), true);
  });

  // https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access
  it("are a NAT gateway or an own address where an Azure subnet lends none", async () => {
    const isOut = async (name: string, subnet: Body): Promise<boolean> => {
      const azure = await new Azure().withNetwork();
      const nat = { location: "westeurope", sku: { name: "Standard" }, properties: {} };
      await azure.put(networkId("natGateways", "nat"), nat);
      await azure.put(subnetId(name), { properties: { addressPrefix: "10.9.2.0/24", ...subnet } });
      await azure.put(networkId("networkInterfaces", "nic"), nic(name, "wall"));
      await azure.put(machineId("edge-burst-0"), machine());
      return azure.machines.on.get("az1")?.isShutIn !== true;
    };
    assert.equal(await isOut("lent", {}), true);
    assert.equal(await isOut("shut", { defaultOutboundAccess: false }), false);
    assert.equal(await isOut("nat", { defaultOutboundAccess: false, natGateway: { id: networkId("natGateways", "nat") } }), true);
  });
});
