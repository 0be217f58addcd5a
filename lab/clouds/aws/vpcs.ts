import { type CloudAction, CloudError } from "../contract";
import { contains, overlap, parseCidr } from "./cidr";
import { select, toTags } from "./describe";
import { type Parameters, action } from "./parameters";
import { hasDependencies, invalidValue } from "./refusals";
import { type RegionState, type Subnet, type Vpc, find, newId } from "./region-state";

/** https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html and .../delete-vpc.html */
export function vpcActions(stateOf: (region: string) => RegionState): Record<string, CloudAction> {
  return {
    CreateVpc: action(["CidrBlock", "InstanceTenancy", "TagSpecifications"], stateOf, (state, parameters) => {
      const cidr = parameters.text("CidrBlock");
      const block = parseCidr(cidr);
      if (block === undefined) throw invalidValue("cidrBlock", cidr, "This is not a valid CIDR block.");
      if (block.prefix < 16 || block.prefix > 28) throw new CloudError("InvalidVpc.Range", `The CIDR '${cidr}' is invalid.`);
      return { Vpc: renderVpc(createVpc(state, cidr, parameters.tagsFor("vpc"))) };
    }),
    DescribeVpcs: action(["VpcIds", "Filters"], stateOf, (state, parameters) => ({
      Vpcs: select(state, "vpcs", parameters.texts("VpcIds"), parameters, { "vpc-id": ({ id }) => [id], cidr: ({ cidr }) => [cidr] }).map(
        renderVpc,
      ),
    })),
    ModifyVpcAttribute: action(["VpcId", "EnableDnsHostnames", "EnableDnsSupport"], stateOf, (state, parameters) => {
      const vpc = find(state, "vpcs", parameters.text("VpcId"));
      const attribute = (name: string) => parameters.structure(name, ["Value"])?.optionalFlag("Value");
      vpc.dnsHostnames = attribute("EnableDnsHostnames") ?? vpc.dnsHostnames;
      vpc.dnsSupport = attribute("EnableDnsSupport") ?? vpc.dnsSupport;
      return {};
    }),
    DeleteVpc: action(["VpcId"], stateOf, (state, parameters) => {
      deleteVpc(state, find(state, "vpcs", parameters.text("VpcId")));
      return {};
    }),
    CreateSubnet: action(["VpcId", "CidrBlock", "AvailabilityZone", "TagSpecifications"], stateOf, (state, parameters) => ({
      Subnet: renderSubnet(state)(createSubnet(state, parameters)),
    })),
    DescribeSubnets: action(["SubnetIds", "Filters"], stateOf, (state, parameters) => ({
      Subnets: select(state, "subnets", parameters.texts("SubnetIds"), parameters, {
        "subnet-id": ({ id }) => [id],
        "vpc-id": ({ vpcId }) => [vpcId],
        "availability-zone": ({ zone }) => [zone],
        "cidr-block": ({ cidr }) => [cidr],
      }).map(renderSubnet(state)),
    })),
    ModifySubnetAttribute: action(["SubnetId", "MapPublicIpOnLaunch"], stateOf, (state, parameters) => {
      const subnet = find(state, "subnets", parameters.text("SubnetId"));
      subnet.mapPublicIp = parameters.structure("MapPublicIpOnLaunch", ["Value"])?.optionalFlag("Value") ?? subnet.mapPublicIp;
      return {};
    }),
    DeleteSubnet: action(["SubnetId"], stateOf, (state, parameters) => {
      const { id } = find(state, "subnets", parameters.text("SubnetId"));
      if ([...state.interfaces.values()].some(({ subnetId }) => subnetId === id)) throw hasDependencies("subnet", id);
      state.subnets.delete(id);
      // Its association goes along (https://docs.aws.amazon.com/vpc/latest/userguide/WorkWithRouteTables.html).
      for (const table of state.routeTables.values()) table.associations = table.associations.filter(({ subnetId }) => subnetId !== id);
      return {};
    }),
  };
}

function createVpc(state: RegionState, cidr: string, tags: Record<string, string>): Vpc {
  const [id, mainRouteTableId, defaultGroupId] = [newId("vpc"), newId("rtb"), newId("sg")];
  const vpc: Vpc = { id, cidr, mainRouteTableId, defaultGroupId, dnsHostnames: false, dnsSupport: true, tags };
  state.vpcs.set(id, vpc);
  const routes = [{ destination: cidr, gatewayId: "local" }];
  state.routeTables.set(mainRouteTableId, { id: mainRouteTableId, vpcId: id, isMain: true, routes, associations: [], tags: {} });
  const description = "default VPC security group";
  const egress = [{ protocol: "-1", cidr: "0.0.0.0/0" }];
  state.groups.set(defaultGroupId, { id: defaultGroupId, vpcId: id, name: "default", description, ingress: [], egress, tags: {} });
  return vpc;
}

function deleteVpc(state: RegionState, { id, mainRouteTableId, defaultGroupId }: Vpc): void {
  const isHere = ({ vpcId }: { readonly vpcId?: string }): boolean => vpcId === id;
  const own = [mainRouteTableId, defaultGroupId];
  const others = [state.subnets, state.gateways, state.routeTables, state.groups, state.interfaces].flatMap((items) =>
    [...items.values()].filter((item) => isHere(item) && !own.includes(item.id)),
  );
  if (others.length > 0) throw hasDependencies("vpc", id);
  state.vpcs.delete(id);
  state.routeTables.delete(mainRouteTableId);
  state.groups.delete(defaultGroupId);
}

function createSubnet(state: RegionState, parameters: Parameters): Subnet {
  const vpc = find(state, "vpcs", parameters.text("VpcId"));
  const cidr = parameters.text("CidrBlock");
  const [block, whole] = [parseCidr(cidr), parseCidr(vpc.cidr)];
  if (block === undefined) throw invalidValue("cidrBlock", cidr, "This is not a valid CIDR block.");
  if (whole === undefined || block.prefix < 16 || block.prefix > 28 || !contains(whole, block)) {
    throw new CloudError("InvalidSubnet.Range", `The CIDR '${cidr}' is invalid.`);
  }
  const zone = parameters.optionalText("AvailabilityZone") ?? state.zones[0] ?? "";
  if (!state.zones.includes(zone)) {
    throw invalidValue(
      "availabilityZone",
      zone,
      `Subnets can currently only be created in the following availability zones: ${state.zones.join(", ")}.`,
    );
  }
  const taken = [...state.subnets.values()].filter(({ vpcId }) => vpcId === vpc.id).map((subnet) => parseCidr(subnet.cidr));
  if (taken.some((other) => other !== undefined && overlap(other, block))) {
    throw new CloudError("InvalidSubnet.Conflict", `The CIDR '${cidr}' conflicts with another subnet`);
  }
  const id = newId("subnet");
  const subnet: Subnet = { id, vpcId: vpc.id, cidr, zone, mapPublicIp: false, lastAddress: 0, tags: parameters.tagsFor("subnet") };
  state.subnets.set(id, subnet);
  return subnet;
}

const renderVpc = ({ id, cidr, dnsHostnames, dnsSupport, mainRouteTableId, defaultGroupId, tags }: Vpc) => ({
  VpcId: id,
  CidrBlock: cidr,
  State: "available",
  IsDefault: false,
  Tags: toTags(tags),
  // Answered by other actions of EC2; here with the rest, for the provider's outputs.
  EnableDnsHostnames: dnsHostnames,
  EnableDnsSupport: dnsSupport,
  MainRouteTableId: mainRouteTableId,
  DefaultSecurityGroupId: defaultGroupId,
});

const renderSubnet =
  (state: RegionState) =>
  ({ id, vpcId, cidr, zone, mapPublicIp, tags }: Subnet) => ({
    SubnetId: id,
    VpcId: vpcId,
    CidrBlock: cidr,
    AvailabilityZone: zone,
    MapPublicIpOnLaunch: mapPublicIp,
    AvailableIpAddressCount:
      (parseCidr(cidr)?.size ?? 0) - 5 - [...state.interfaces.values()].filter(({ subnetId }) => subnetId === id).length,
    State: "available",
    Tags: toTags(tags),
  });
