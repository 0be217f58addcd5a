import { type CloudAction, CloudError } from "../contract";
import { select, toTags } from "./describe";
import { freePrivateAddress } from "./private-addresses";
import { type Parameters, action } from "./parameters";
import type { PublicAddresses } from "./public-addresses";
import { hasDependencies } from "./refusals";
import { type Address, type InternetGateway, type NatGateway, type RegionState, find, newId } from "./region-state";

/** A NAT gateway is pending for a while, and deleting for one; EC2 takes about a minute for each. */
const NAT_GATEWAY_MS = 1500;

/** https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html, .../vpc-nat-gateway.html, .../vpc-eips.html */
export function gatewayActions(stateOf: (region: string) => RegionState, publicAddresses: PublicAddresses): Record<string, CloudAction> {
  return {
    CreateInternetGateway: action(["TagSpecifications"], stateOf, (state, parameters) => {
      const gateway: InternetGateway = { id: newId("igw"), tags: parameters.tagsFor("internet-gateway") };
      state.gateways.set(gateway.id, gateway);
      return { InternetGateway: renderGateway(gateway) };
    }),
    DescribeInternetGateways: action(["InternetGatewayIds", "Filters"], stateOf, (state, parameters) => ({
      InternetGateways: select(state, "gateways", parameters.texts("InternetGatewayIds"), parameters, {
        "attachment.vpc-id": ({ vpcId = "" }) => [vpcId],
      }).map(renderGateway),
    })),
    AttachInternetGateway: action(["InternetGatewayId", "VpcId"], stateOf, (state, parameters) => {
      const gateway = find(state, "gateways", parameters.text("InternetGatewayId"));
      const vpc = find(state, "vpcs", parameters.text("VpcId"));
      const taken = gateway.vpcId ?? [...state.gateways.values()].find(({ vpcId }) => vpcId === vpc.id)?.vpcId;
      if (taken !== undefined) {
        throw new CloudError("Resource.AlreadyAssociated", `resource ${gateway.id} is already attached to network ${taken}`);
      }
      gateway.vpcId = vpc.id;
      return {};
    }),
    DetachInternetGateway: action(["InternetGatewayId", "VpcId"], stateOf, (state, parameters) => {
      const gateway = find(state, "gateways", parameters.text("InternetGatewayId"));
      const vpcId = parameters.text("VpcId");
      if (gateway.vpcId !== vpcId) {
        throw new CloudError("Gateway.NotAttached", `resource ${gateway.id} is not attached to network ${vpcId}`);
      }
      if ([...state.interfaces.values()].some((one) => one.vpcId === vpcId && one.publicIp !== undefined)) {
        const reason = `Network ${vpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`;
        throw new CloudError("DependencyViolation", reason);
      }
      delete gateway.vpcId;
      return {};
    }),
    DeleteInternetGateway: action(["InternetGatewayId"], stateOf, (state, parameters) => {
      const gateway = find(state, "gateways", parameters.text("InternetGatewayId"));
      if (gateway.vpcId !== undefined) throw hasDependencies("internetGateway", gateway.id);
      state.gateways.delete(gateway.id);
      return {};
    }),
    AllocateAddress: action(["Domain", "TagSpecifications"], stateOf, (state, parameters) => {
      const publicIp = publicAddresses.take("AddressLimitExceeded");
      const address: Address = { id: newId("eipalloc"), publicIp, tags: parameters.tagsFor("elastic-ip") };
      state.addresses.set(address.id, address);
      return { AllocationId: address.id, PublicIp: publicIp, Domain: "vpc" };
    }),
    DescribeAddresses: action(["AllocationIds", "Filters"], stateOf, (state, parameters) => ({
      Addresses: select(state, "addresses", parameters.texts("AllocationIds"), parameters, {
        "allocation-id": ({ id }) => [id],
        "public-ip": ({ publicIp }) => [publicIp],
      }).map(renderAddress),
    })),
    ReleaseAddress: action(["AllocationId"], stateOf, (state, parameters) => {
      const address = find(state, "addresses", parameters.text("AllocationId"));
      if (address.associationId !== undefined) {
        throw new CloudError("InvalidIPAddress.InUse", `Address ${address.publicIp} is in use.`);
      }
      state.addresses.delete(address.id);
      publicAddresses.giveBack(address.publicIp);
      return {};
    }),
    CreateNatGateway: action(["SubnetId", "AllocationId", "ConnectivityType", "TagSpecifications"], stateOf, (state, parameters) => ({
      NatGateway: renderNat(createNatGateway(state, parameters)),
    })),
    DescribeNatGateways: action(["NatGatewayIds", "Filters"], stateOf, (state, parameters) => ({
      NatGateways: select(state, "natGateways", parameters.texts("NatGatewayIds"), parameters, {
        "vpc-id": ({ vpcId }) => [vpcId],
        "subnet-id": ({ subnetId }) => [subnetId],
        state: (nat) => [nat.state],
      }).map(renderNat),
    })),
    DeleteNatGateway: action(["NatGatewayId"], stateOf, (state, parameters) => {
      const nat = find(state, "natGateways", parameters.text("NatGatewayId"));
      if (nat.state === "pending" || nat.state === "available") {
        nat.state = "deleting";
        setTimeout(() => removeNatGateway(state, nat), NAT_GATEWAY_MS).unref();
      }
      return { NatGatewayId: nat.id };
    }),
  };
}

function createNatGateway(state: RegionState, parameters: Parameters): NatGateway {
  const subnet = find(state, "subnets", parameters.text("SubnetId"));
  const isPrivate = parameters.optionalText("ConnectivityType") === "private";
  const address = isPrivate ? undefined : find(state, "addresses", parameters.text("AllocationId"));
  if (address?.associationId !== undefined) {
    throw new CloudError("Resource.AlreadyAssociated", `Elastic IP address [${address.id}] is already associated`);
  }
  if (!isPrivate && ![...state.gateways.values()].some(({ vpcId }) => vpcId === subnet.vpcId)) {
    throw new CloudError("Gateway.NotAttached", `Network ${subnet.vpcId} has no Internet gateway attached`);
  }
  const tags = parameters.tagsFor("natgateway");
  const [id, privateIp] = [newId("nat"), freePrivateAddress(state, subnet)];
  const place = { subnetId: subnet.id, vpcId: subnet.vpcId, privateIp };
  const outside = address === undefined ? {} : { allocationId: address.id, publicIp: address.publicIp };
  const nat: NatGateway = { id, ...place, ...outside, state: "pending", tags };
  state.natGateways.set(id, nat);
  const network = newId("eni");
  const { publicIp } = address ?? {};
  state.interfaces.set(network, {
    id: network,
    ...place,
    groupIds: [],
    ...(publicIp === undefined ? {} : { publicIp }),
    tags: { nat: id },
  });
  if (address !== undefined) Object.assign(address, { associationId: newId("eipassoc"), natGatewayId: id });
  setTimeout(() => {
    if (nat.state === "pending") nat.state = "available";
  }, NAT_GATEWAY_MS).unref();
  return nat;
}

function removeNatGateway(state: RegionState, nat: NatGateway): void {
  nat.state = "deleted";
  for (const { id, tags } of state.interfaces.values()) if (tags["nat"] === nat.id) state.interfaces.delete(id);
  for (const address of state.addresses.values()) {
    if (address.natGatewayId !== nat.id) continue;
    delete address.associationId;
    delete address.natGatewayId;
  }
}

const renderGateway = ({ id, vpcId, tags }: InternetGateway) => ({
  InternetGatewayId: id,
  Attachments: vpcId === undefined ? [] : [{ State: "available", VpcId: vpcId }],
  Tags: toTags(tags),
});

const renderAddress = ({ id, publicIp, associationId, tags }: Address) => ({
  AllocationId: id,
  PublicIp: publicIp,
  Domain: "vpc",
  ...(associationId === undefined ? {} : { AssociationId: associationId }),
  Tags: toTags(tags),
});

const renderNat = ({ id, subnetId, vpcId, state, allocationId, publicIp, privateIp, tags }: NatGateway) => ({
  NatGatewayId: id,
  SubnetId: subnetId,
  VpcId: vpcId,
  State: state,
  ConnectivityType: allocationId === undefined ? "private" : "public",
  NatGatewayAddresses: [{ AllocationId: allocationId, PublicIp: publicIp, PrivateIp: privateIp }],
  Tags: toTags(tags),
});
