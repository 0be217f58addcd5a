/** A right that the lab did not see, because its plugins are stand-ins: read in the vendor's source or documentation, and never run. */
export interface ReadPermission {
  readonly name: string;
  readonly why: string;
}

/** hashicorp/terraform-provider-aws, internal/service/ec2 (ec2_instance.go, vpc_.go, vpc_subnet.go, vpc_security_group.go, ec2_eip.go), which Pulumi's AWS provider is made of. */
export const readInAws: readonly ReadPermission[] = [
  { name: "ec2:DeleteTags", why: "tags that somebody else put on the stack's own go again" },
  { name: "ec2:ReplaceRoute", why: "a route leads to another NAT gateway" },
  { name: "ec2:DescribeInstanceAttribute", why: "the provider reads a machine's user data and protections" },
  { name: "ec2:DescribeInstanceTypes", why: "the provider looks up what a machine type can do" },
  { name: "ec2:DescribeInstanceCreditSpecifications", why: "the same for types with CPU credits (t3 and the like)" },
  { name: "ec2:DescribeVpcAttribute", why: "the provider reads a VPC's DNS settings" },
  { name: "ec2:DescribeNetworkAcls", why: "the provider reads a VPC's default network ACL" },
  {
    name: "ec2:DescribeNetworkInterfaces",
    why: "the provider looks for interfaces left in a subnet or security group before it deletes them",
  },
  { name: "ec2:DescribeAddressesAttribute", why: "the provider reads the name of a NAT gateway's address" },
];

/**
 * learn.microsoft.com/azure/azure-resource-manager/management/async-operations (permission for tracking async status): the end of a long call is read at an
 * address of its own. Names: learn.microsoft.com/azure/role-based-access-control/permissions.
 */
export const readInAzure: readonly ReadPermission[] = [
  { name: "Microsoft.Compute/disks/read", why: "a machine's disk is read with it" },
  { name: "Microsoft.Compute/locations/operations/read", why: "the end of a call to Compute" },
  { name: "Microsoft.Network/locations/operations/read", why: "the end of a call to Network" },
  { name: "Microsoft.Network/locations/operationResults/read", why: "the same, as older calls give it" },
  { name: "Microsoft.Resources/subscriptions/operationresults/read", why: "the end of a resource group's removal" },
];
