import { type CloudAction, CloudError } from "../contract";
import { select, toTags } from "./describe";
import { type Parameters, action } from "./parameters";
import { invalidValue } from "./refusals";
import { type Permission, type RegionState, type SecurityGroup, find, newId } from "./region-state";
import { parseCidr } from "./cidr";

/** Told when the rules of a group changed, so that the machines follow. */
export type OnRulesChanged = (state: RegionState, groupId: string) => Promise<void>;

const RULES = ["GroupId", "IpPermissions"];
const PERMISSION = ["IpProtocol", "FromPort", "ToPort", "IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds"];

/** https://docs.aws.amazon.com/vpc/latest/userguide/security-groups.html */
export function securityGroupActions(stateOf: (region: string) => RegionState, changed: OnRulesChanged): Record<string, CloudAction> {
  const change = (run: (group: SecurityGroup, permissions: readonly Permission[]) => void): CloudAction =>
    action(RULES, stateOf, async (state, parameters) => {
      const group = find(state, "groups", parameters.text("GroupId"));
      run(group, readPermissions(parameters));
      await changed(state, group.id);
      return { Return: true };
    });
  return {
    CreateSecurityGroup: action(["GroupName", "Description", "VpcId", "TagSpecifications"], stateOf, (state, parameters) => ({
      GroupId: createGroup(state, parameters).id,
    })),
    DescribeSecurityGroups: action(["GroupIds", "Filters"], stateOf, (state, parameters) => ({
      SecurityGroups: select(state, "groups", parameters.texts("GroupIds"), parameters, {
        "group-id": ({ id }) => [id],
        "group-name": ({ name }) => [name],
        "vpc-id": ({ vpcId }) => [vpcId],
      }).map(renderGroup),
    })),
    DeleteSecurityGroup: action(["GroupId"], stateOf, (state, parameters) => {
      const { id, name } = find(state, "groups", parameters.text("GroupId"));
      if (name === "default")
        throw new CloudError("CannotDelete", `the specified group: "${id}" name: "default" cannot be deleted by a user`);
      if ([...state.interfaces.values()].some(({ groupIds }) => groupIds.includes(id))) {
        throw new CloudError("DependencyViolation", `resource ${id} has a dependent object`);
      }
      state.groups.delete(id);
      return {};
    }),
    AuthorizeSecurityGroupIngress: change((group, permissions) => (group.ingress = added(group.ingress, permissions))),
    AuthorizeSecurityGroupEgress: change((group, permissions) => (group.egress = added(group.egress, permissions))),
    RevokeSecurityGroupIngress: change((group, permissions) => (group.ingress = removed(group.ingress, permissions))),
    RevokeSecurityGroupEgress: change((group, permissions) => (group.egress = removed(group.egress, permissions))),
  };
}

function createGroup(state: RegionState, parameters: Parameters): SecurityGroup {
  const [name, description] = [parameters.text("GroupName"), parameters.text("Description")];
  const vpc = find(state, "vpcs", parameters.text("VpcId"));
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
  if (name.startsWith("sg-")) throw invalidValue("groupName", name, "Group names may not be in the format sg-*.");
  for (const [parameter, value] of [
    ["groupName", name],
    ["groupDescription", description],
  ] as const) {
    if (value.length > 255) throw invalidValue(parameter, value, "Character sets beyond 255 characters are not supported.");
    if (!/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]*$/.test(value))
      throw invalidValue(parameter, value, "It has characters that are not allowed.");
  }
  if ([...state.groups.values()].some((other) => other.vpcId === vpc.id && other.name === name)) {
    throw new CloudError("InvalidGroup.Duplicate", `The security group '${name}' already exists for VPC '${vpc.id}'`);
  }
  // A new group lets everything out; Terraform's provider takes that rule away.
  const egress = [{ protocol: "-1", cidr: "0.0.0.0/0" }];
  const group: SecurityGroup = {
    ...{ id: newId("sg"), vpcId: vpc.id, name, description, ingress: [], egress },
    tags: parameters.tagsFor("security-group"),
  };
  state.groups.set(group.id, group);
  return group;
}

function readPermissions(parameters: Parameters): Permission[] {
  return parameters.structures("IpPermissions", PERMISSION).flatMap((one) => {
    if (one.structures("UserIdGroupPairs", ["GroupId"]).length + one.structures("PrefixListIds", ["PrefixListId"]).length > 0) {
      throw new CloudError("Unsupported", "the lab's security groups know sources by address only, not by group or prefix list");
    }
    const protocol = one.text("IpProtocol").replace(/^6$/, "tcp").replace(/^17$/, "udp");
    const [fromPort, toPort] = [one.optionalNumber("FromPort"), one.optionalNumber("ToPort")];
    if (protocol !== "-1" && (fromPort === undefined || toPort === undefined)) {
      throw new CloudError("InvalidParameterValue", `Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.`);
    }
    const range = protocol === "-1" || fromPort === undefined || toPort === undefined ? {} : { fromPort, toPort };
    if (fromPort !== undefined && toPort !== undefined && fromPort > toPort && protocol !== "icmp") {
      throw new CloudError("InvalidParameterValue", `Invalid TCP/UDP port range (${fromPort}-${toPort})`);
    }
    const blocks = [
      ...one.structures("IpRanges", ["CidrIp", "Description"]).map((block) => [block.text("CidrIp"), block] as const),
      ...one.structures("Ipv6Ranges", ["CidrIpv6", "Description"]).map((block) => [block.text("CidrIpv6"), block] as const),
    ];
    return blocks.map(([cidr, block]) => {
      if (!cidr.includes(":") && parseCidr(cidr) === undefined) {
        throw new CloudError("InvalidParameterValue", `CIDR block ${cidr} is malformed`);
      }
      const description = block.optionalText("Description");
      return { protocol, ...range, cidr, ...(description === undefined ? {} : { description }) };
    });
  });
}

const isSame = (one: Permission, other: Permission): boolean =>
  one.protocol === other.protocol && one.fromPort === other.fromPort && one.toPort === other.toPort && one.cidr === other.cidr;

function added(held: readonly Permission[], permissions: readonly Permission[]): readonly Permission[] {
  const twice = permissions.find((one) => held.some((other) => isSame(one, other)));
  if (twice !== undefined) {
    const { cidr, protocol, fromPort, toPort } = twice;
    const rule = `peer: ${cidr}, ${protocol.toUpperCase()}, from port: ${fromPort ?? "ALL"}, to port: ${toPort ?? "ALL"}, ALLOW`;
    throw new CloudError("InvalidPermission.Duplicate", `the specified rule "${rule}" already exists`);
  }
  // https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
  if (held.length + permissions.length > 60) {
    throw new CloudError("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.");
  }
  return [...held, ...permissions];
}

function removed(held: readonly Permission[], permissions: readonly Permission[]): readonly Permission[] {
  const absent = permissions.some((one) => !held.some((other) => isSame(one, other)));
  if (absent) throw new CloudError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
  return held.filter((one) => !permissions.some((other) => isSame(one, other)));
}

const renderGroup = ({ id, vpcId, name, description, ingress, egress, tags }: SecurityGroup) => ({
  GroupId: id,
  VpcId: vpcId,
  GroupName: name,
  Description: description,
  IpPermissions: ingress.map(renderPermission),
  IpPermissionsEgress: egress.map(renderPermission),
  Tags: toTags(tags),
});

function renderPermission({ protocol, fromPort, toPort, cidr, description }: Permission) {
  const text = description === undefined ? {} : { Description: description };
  return {
    IpProtocol: protocol,
    ...(fromPort === undefined ? {} : { FromPort: fromPort, ToPort: toPort }),
    IpRanges: cidr.includes(":") ? [] : [{ CidrIp: cidr, ...text }],
    Ipv6Ranges: cidr.includes(":") ? [{ CidrIpv6: cidr, ...text }] : [],
  };
}
