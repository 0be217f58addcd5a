import type { ObjectType } from "../plugin/property-types";
import type { AwsResource } from "./aws-resource";
import { allOf, cidr, conflict, unsupported } from "./check";
import { during, unlessNotFound } from "./ec2";
import { type ApiTag, fromApi } from "./tags";
import { deleteWhenFree } from "./wait";

export interface ApiSubnet {
  readonly SubnetId: string;
  readonly VpcId: string;
  readonly CidrBlock: string;
  readonly AvailabilityZone: string;
  readonly MapPublicIpOnLaunch: boolean;
  readonly AvailableIpAddressCount: number;
  readonly State: string;
  readonly Tags: readonly ApiTag[];
}

/** aws:ec2/subnet:Subnet (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_subnet.go). */
export const subnetResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native", "outpostArn"],
  computed: ["arn", "ownerId", "availabilityZone"],
  defaults: { mapPublicIpOnLaunch: false },
  check: allOf(
    cidr("cidrBlock"),
    conflict("availabilityZone", "availabilityZoneId"),
    unsupported("availabilityZoneId", "assignIpv6AddressOnCreation", "ipv6CidrBlock", "ipv6Native", "outpostArn", "customerOwnedIpv4Pool"),
  ),
  create: ({ ec2, inputs, tagsFor }) =>
    during("creating EC2 Subnet", async () => {
      const place = { VpcId: inputs["vpcId"], CidrBlock: inputs["cidrBlock"], AvailabilityZone: inputs["availabilityZone"] };
      const { Subnet } = await ec2.call<{ Subnet: ApiSubnet }>("CreateSubnet", { ...place, ...tagsFor("subnet") });
      const value = inputs["mapPublicIpOnLaunch"];
      if (value === true) await ec2.call("ModifySubnetAttribute", { SubnetId: Subnet.SubnetId, MapPublicIpOnLaunch: { Value: value } });
      return Subnet.SubnetId;
    }),
  update: async ({ ec2, id, inputs, changed }) => {
    if (!changed.includes("mapPublicIpOnLaunch")) return;
    const parameters = { SubnetId: id, MapPublicIpOnLaunch: { Value: inputs["mapPublicIpOnLaunch"] ?? false } };
    await during(`updating EC2 Subnet (${id})`, () => ec2.call("ModifySubnetAttribute", parameters));
  },
  read: async (id, ec2) => {
    const answer = await unlessNotFound(() => ec2.call<{ Subnets: readonly ApiSubnet[] }>("DescribeSubnets", { SubnetIds: [id] }));
    const found = answer?.Subnets[0];
    if (found === undefined) return undefined;
    return {
      arn: `arn:aws:ec2:${ec2.region}:000000000000:subnet/${id}`,
      vpcId: found.VpcId,
      cidrBlock: found.CidrBlock,
      availabilityZone: found.AvailabilityZone,
      mapPublicIpOnLaunch: found.MapPublicIpOnLaunch,
      ownerId: "000000000000",
      ...fromApi(found.Tags),
    };
  },
  delete: (id, { ec2, wait }) =>
    during(`deleting EC2 Subnet (${id})`, () => deleteWhenFree(wait, () => ec2.call("DeleteSubnet", { SubnetId: id }))),
});
