import type { ObjectType } from "../plugin/property-types";
import type { AwsResource } from "./aws-resource";
import { allOf, cidr, conflict, expectIn, unsupported } from "./check";
import { type Ec2, during, unlessNotFound } from "./ec2";
import { type ApiTag, fromApi } from "./tags";
import { deleteWhenFree } from "./wait";

interface ApiVpc {
  readonly VpcId: string;
  readonly CidrBlock: string;
  readonly EnableDnsHostnames: boolean;
  readonly EnableDnsSupport: boolean;
  readonly MainRouteTableId: string;
  readonly DefaultSecurityGroupId: string;
  readonly Tags: readonly ApiTag[];
}

const ATTRIBUTES = [
  ["enableDnsHostnames", "EnableDnsHostnames"],
  ["enableDnsSupport", "EnableDnsSupport"],
] as const;

async function describe(ec2: Ec2, id: string): Promise<ApiVpc | undefined> {
  const answer = await unlessNotFound(() => ec2.call<{ Vpcs: readonly ApiVpc[] }>("DescribeVpcs", { VpcIds: [id] }));
  return answer?.Vpcs[0];
}

/** aws:ec2/vpc:Vpc (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_.go). */
export const vpcResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["cidrBlock"],
  computed: ["arn", "mainRouteTableId", "defaultSecurityGroupId", "defaultRouteTableId", "ownerId", "enableDnsHostnames"],
  defaults: { enableDnsSupport: true, instanceTenancy: "default" },
  check: allOf(
    cidr("cidrBlock", 16, 28),
    conflict("cidrBlock", "ipv4NetmaskLength"),
    ({ instanceTenancy }) => expectIn("instanceTenancy", instanceTenancy, ["default", "dedicated"]),
    unsupported("assignGeneratedIpv6CidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6CidrBlock", "ipv6IpamPoolId"),
  ),
  create: ({ ec2, inputs, tagsFor }) =>
    during("creating EC2 VPC", async () => {
      const parameters = { CidrBlock: inputs["cidrBlock"], ...tagsFor("vpc") };
      const { Vpc } = await ec2.call<{ Vpc: ApiVpc }>("CreateVpc", parameters);
      for (const [input, attribute] of ATTRIBUTES) {
        if (inputs[input] === undefined) continue;
        await ec2.call("ModifyVpcAttribute", { VpcId: Vpc.VpcId, [attribute]: { Value: inputs[input] } });
      }
      return Vpc.VpcId;
    }),
  update: async ({ ec2, id, inputs, changed }) => {
    for (const [input, attribute] of ATTRIBUTES.filter(([name]) => changed.includes(name))) {
      const parameters = { VpcId: id, [attribute]: { Value: inputs[input] ?? input === "enableDnsSupport" } };
      await during(`updating EC2 VPC (${id})`, () => ec2.call("ModifyVpcAttribute", parameters));
    }
  },
  read: async (id, ec2) => {
    const found = await describe(ec2, id);
    if (found === undefined) return undefined;
    return {
      arn: `arn:aws:ec2:${ec2.region}:000000000000:vpc/${id}`,
      cidrBlock: found.CidrBlock,
      enableDnsHostnames: found.EnableDnsHostnames,
      enableDnsSupport: found.EnableDnsSupport,
      mainRouteTableId: found.MainRouteTableId,
      defaultRouteTableId: found.MainRouteTableId,
      defaultSecurityGroupId: found.DefaultSecurityGroupId,
      ownerId: "000000000000",
      ...fromApi(found.Tags),
    };
  },
  delete: (id, { ec2, wait }) => during(`deleting EC2 VPC (${id})`, () => deleteWhenFree(wait, () => ec2.call("DeleteVpc", { VpcId: id }))),
});
