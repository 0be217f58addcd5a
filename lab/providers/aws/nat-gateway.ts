import type { ObjectType } from "../plugin/property-types";
import type { AwsResource } from "./aws-resource";
import { allOf, expectIn, unsupported } from "./check";
import { type Ec2, during, unlessNotFound } from "./ec2";
import { type ApiTag, fromApi } from "./tags";
import { deleteWhenFree, waitFor } from "./wait";

interface ApiAddress {
  readonly AllocationId: string;
  readonly PublicIp: string;
  readonly AssociationId?: string;
  readonly Tags: readonly ApiTag[];
}

/** aws:ec2/eip:Eip (hashicorp/terraform-provider-aws: internal/service/ec2/ec2_eip.go). */
export const eipResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["domain", "address", "networkBorderGroup", "publicIpv4Pool"],
  computed: ["arn", "allocationId", "publicIp", "associationId", "domain"],
  check: allOf(
    ({ domain }) => expectIn("domain", domain, ["vpc", "standard"]),
    unsupported(
      "address",
      "instance",
      "networkInterface",
      "associateWithPrivateIp",
      "publicIpv4Pool",
      "ipamPoolId",
      "customerOwnedIpv4Pool",
    ),
  ),
  create: async ({ ec2, tagsFor }) => {
    const parameters = { Domain: "vpc", ...tagsFor("elastic-ip") };
    const { AllocationId } = await during("creating EC2 EIP", () => ec2.call<{ AllocationId: string }>("AllocateAddress", parameters));
    return AllocationId;
  },
  read: async (id, ec2) => {
    const answer = await unlessNotFound(() => ec2.call<{ Addresses: readonly ApiAddress[] }>("DescribeAddresses", { AllocationIds: [id] }));
    const found = answer?.Addresses[0];
    if (found === undefined) return undefined;
    return {
      arn: `arn:aws:ec2:${ec2.region}:000000000000:elastic-ip/${id}`,
      allocationId: id,
      publicIp: found.PublicIp,
      associationId: found.AssociationId ?? "",
      domain: "vpc",
      ...fromApi(found.Tags),
    };
  },
  delete: (id, { ec2, wait }) =>
    during(`deleting EC2 EIP (${id})`, () => deleteWhenFree(wait, () => ec2.call("ReleaseAddress", { AllocationId: id }))),
});

interface ApiNatGateway {
  readonly NatGatewayId: string;
  readonly SubnetId: string;
  readonly State: string;
  readonly ConnectivityType: string;
  readonly NatGatewayAddresses: readonly { readonly AllocationId?: string; readonly PublicIp?: string; readonly PrivateIp: string }[];
  readonly Tags: readonly ApiTag[];
}

async function describe(ec2: Ec2, id: string): Promise<ApiNatGateway | undefined> {
  const answer = await unlessNotFound(() =>
    ec2.call<{ NatGateways: readonly ApiNatGateway[] }>("DescribeNatGateways", { NatGatewayIds: [id] }),
  );
  return answer?.NatGateways[0];
}

/** aws:ec2/natGateway:NatGateway (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_nat_gateway.go). */
export const natGatewayResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["subnetId", "allocationId", "connectivityType", "privateIp"],
  computed: ["publicIp", "privateIp", "networkInterfaceId", "associationId"],
  defaults: { connectivityType: "public" },
  check: allOf(
    ({ connectivityType }) => expectIn("connectivityType", connectivityType, ["private", "public"]),
    ({ connectivityType = "public", allocationId }) =>
      connectivityType === "public" && allocationId === undefined
        ? [{ property: "allocationId", reason: '`allocation_id` is required when `connectivity_type` is "public"' }]
        : [],
    unsupported(
      "availabilityMode",
      "availabilityZoneAddresses",
      "secondaryAllocationIds",
      "secondaryPrivateIpAddresses",
      "privateIp",
      "vpcId",
    ),
  ),
  create: ({ ec2, inputs, tagsFor, wait }) =>
    during("creating EC2 NAT Gateway", async () => {
      const place = { SubnetId: inputs["subnetId"], AllocationId: inputs["allocationId"], ConnectivityType: inputs["connectivityType"] };
      const { NatGateway } = await ec2.call<{ NatGateway: ApiNatGateway }>("CreateNatGateway", { ...place, ...tagsFor("natgateway") });
      let seen = "pending";
      const isAvailable = async () => {
        seen = (await describe(ec2, NatGateway.NatGatewayId))?.State ?? "not found";
        return seen === "available" ? true : undefined;
      };
      await waitFor(wait, isAvailable, () => `state ${seen}, wanted available`);
      return NatGateway.NatGatewayId;
    }),
  read: async (id, ec2) => {
    const found = await describe(ec2, id);
    if (found === undefined || found.State === "deleted") return undefined;
    const [address] = found.NatGatewayAddresses;
    return { subnetId: found.SubnetId, publicIp: address?.PublicIp ?? "", privateIp: address?.PrivateIp ?? "", ...fromApi(found.Tags) };
  },
  delete: (id, { ec2, wait }) =>
    during(`deleting EC2 NAT Gateway (${id})`, async () => {
      const asked = await unlessNotFound(() => ec2.call("DeleteNatGateway", { NatGatewayId: id }));
      if (asked === undefined) return;
      let seen = "";
      const isDeleted = async () => {
        seen = (await describe(ec2, id))?.State ?? "deleted";
        return seen === "deleted" ? true : undefined;
      };
      await waitFor(wait, isDeleted, () => `state ${seen}, wanted deleted`);
    }),
});
