import { createHash } from "node:crypto";
import type { CheckFailure } from "../plugin/check-properties";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, UNKNOWN, type Value, isList, isProperties, textOf } from "../plugin/property-values";
import type { CheckContext } from "../plugin/provider";
import type { AwsResource } from "./aws-resource";
import { allOf, conflict } from "./check";
import { type Ec2, during, unlessNotFound } from "./ec2";
import { type ApiTag, fromApi } from "./tags";
import { deleteWhenFree } from "./wait";

interface ApiPermission {
  readonly IpProtocol: string;
  readonly FromPort?: number;
  readonly ToPort?: number;
  readonly IpRanges: readonly { readonly CidrIp: string; readonly Description?: string }[];
  readonly Ipv6Ranges: readonly { readonly CidrIpv6: string; readonly Description?: string }[];
}

interface ApiGroup {
  readonly GroupId: string;
  readonly GroupName: string;
  readonly Description: string;
  readonly VpcId: string;
  readonly IpPermissions: readonly ApiPermission[];
  readonly IpPermissionsEgress: readonly ApiPermission[];
  readonly Tags: readonly ApiTag[];
}

const DIRECTIONS = [
  ["ingress", "Ingress"],
  ["egress", "Egress"],
] as const;

const textsOf = (value: Value | undefined): readonly string[] => (isList(value) ? value.filter((item) => typeof item === "string") : []);

const rulesOf = (value: Value | undefined): readonly Properties[] => (isList(value) ? value.filter(isProperties) : []);

/** One API permission for each address, so that two rules are compared address by address. */
function permissionsOf(rules: Value | undefined): readonly ApiPermission[] {
  return rulesOf(rules).flatMap((rule) => {
    const protocol = textOf(rule, "protocol").toLowerCase().replace(/^all$/, "-1");
    const ports = protocol === "-1" ? {} : { FromPort: Number(rule["fromPort"]), ToPort: Number(rule["toPort"]) };
    const description = textOf(rule, "description");
    const text = description === "" ? {} : { Description: description };
    return [
      ...textsOf(rule["cidrBlocks"]).map((CidrIp) => ({ IpRanges: [{ CidrIp, ...text }], Ipv6Ranges: [] })),
      ...textsOf(rule["ipv6CidrBlocks"]).map((CidrIpv6) => ({ IpRanges: [], Ipv6Ranges: [{ CidrIpv6, ...text }] })),
    ].map((ranges) => ({ IpProtocol: protocol, ...ports, ...ranges }));
  });
}

async function changeRules(
  ec2: Ec2,
  id: string,
  side: string,
  before: readonly ApiPermission[],
  after: readonly ApiPermission[],
): Promise<void> {
  const isIn = (list: readonly ApiPermission[], one: ApiPermission): boolean =>
    list.some((other) => JSON.stringify(other) === JSON.stringify(one));
  const gone = before.filter((one) => !isIn(after, one));
  const added = after.filter((one) => !isIn(before, one));
  await during(`updating Security Group (${id}) ${side.toLowerCase()} rules`, async () => {
    if (gone.length > 0) await ec2.call(`RevokeSecurityGroup${side}`, { GroupId: id, IpPermissions: gone });
    if (added.length > 0) await ec2.call(`AuthorizeSecurityGroup${side}`, { GroupId: id, IpPermissions: added });
  });
}

function checkRules(inputs: Properties): readonly CheckFailure[] {
  return DIRECTIONS.flatMap(([name]) =>
    rulesOf(inputs[name]).flatMap((rule, index) => {
      const property = `${name}[${index}]`;
      const foreign = ["securityGroups", "prefixListIds", "self"].filter((one) => rule[one] !== undefined && rule[one] !== false);
      if (foreign.length > 0)
        return [{ property, reason: `'${foreign.join(", ")}' is not available in this stand-in for the aws provider` }];
      const { protocol, fromPort, toPort, description = "" } = rule;
      if (typeof description === "string" && !/^[0-9A-Za-z_ .:/()#,@[\]+=&;{}!$*-]{0,255}$/.test(description) && description !== UNKNOWN) {
        return [{ property, reason: `doesn't comply with restrictions ("${description}")` }];
      }
      // hashicorp/terraform-provider-aws: internal/service/ec2/vpc_security_group.go, expandIPPerms
      if ((protocol === "-1" || protocol === "all") && !(fromPort === 0 && toPort === 0)) {
        return [
          {
            property,
            reason: `from_port (${JSON.stringify(fromPort)}) and to_port (${JSON.stringify(toPort)}) must both be 0 to use the 'ALL' "-1" protocol!`,
          },
        ];
      }
      return [];
    }),
  );
}

/** The engine's automatic name: the resource's, a dash and seven random hexadecimal digits (pulumi/pulumi-terraform-bridge: pkg/tfbridge/names.go). */
function fillName(inputs: Properties, { urn, olds, randomSeed }: CheckContext): Properties {
  const described = { description: "Managed by Pulumi", ...inputs };
  if (inputs["name"] !== undefined || inputs["namePrefix"] !== undefined) return described;
  const suffix = createHash("sha256").update(urn).update(randomSeed).digest("hex").slice(0, 7);
  return { name: textOf(olds, "name") || `${urn.split("::").at(-1) ?? ""}-${suffix}`, ...described };
}

/** aws:ec2/securityGroup:SecurityGroup with its rules inline (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_security_group.go). */
export const securityGroupResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["name", "namePrefix", "description", "vpcId"],
  sets: ["ingress", "egress"],
  drifts: ["ingress", "egress"],
  computed: ["arn", "ownerId", "vpcId", "ingress", "egress", "name"],
  defaults: { revokeRulesOnDelete: false },
  fill: fillName,
  check: allOf(conflict("name", "namePrefix"), checkRules, ({ name }) =>
    typeof name === "string" && name.startsWith("sg-")
      ? [{ property: "name", reason: `invalid value for name (cannot begin with sg-)` }]
      : [],
  ),
  create: async ({ ec2, inputs, tagsFor }) => {
    const name = textOf(inputs, "name") || `${textOf(inputs, "namePrefix")}${Date.now()}`;
    const parameters = { GroupName: name, Description: inputs["description"], VpcId: inputs["vpcId"], ...tagsFor("security-group") };
    const { GroupId } = await during(`creating Security Group (${name})`, () =>
      ec2.call<{ GroupId: string }>("CreateSecurityGroup", parameters),
    );
    // A group in a VPC starts with a rule that lets everything out; the provider keeps it only where it is written down.
    await changeRules(
      ec2,
      GroupId,
      "Egress",
      permissionsOf([{ protocol: "-1", cidrBlocks: ["0.0.0.0/0"] }]),
      permissionsOf(inputs["egress"]),
    );
    await changeRules(ec2, GroupId, "Ingress", [], permissionsOf(inputs["ingress"]));
    return GroupId;
  },
  update: async ({ ec2, id, olds, inputs, changed }) => {
    for (const [name, side] of DIRECTIONS) {
      // Rules that are not written down any more stay: both are computed.
      if (!changed.includes(name) || inputs[name] === undefined) continue;
      await changeRules(ec2, id, side, permissionsOf(olds[name]), permissionsOf(inputs[name]));
    }
  },
  read: async (id, ec2, state) => {
    const answer = await unlessNotFound(() =>
      ec2.call<{ SecurityGroups: readonly ApiGroup[] }>("DescribeSecurityGroups", { GroupIds: [id] }),
    );
    const found = answer?.SecurityGroups[0];
    if (found === undefined) return undefined;
    return {
      arn: `arn:aws:ec2:${ec2.region}:000000000000:security-group/${id}`,
      ownerId: "000000000000",
      name: found.GroupName,
      description: found.Description,
      vpcId: found.VpcId,
      ingress: rulesAsWritten(state["ingress"], found.IpPermissions),
      egress: rulesAsWritten(state["egress"], found.IpPermissionsEgress),
      ...fromApi(found.Tags),
    };
  },
  delete: (id, { ec2, wait }) =>
    during(`deleting Security Group (${id})`, () => deleteWhenFree(wait, () => ec2.call("DeleteSecurityGroup", { GroupId: id }))),
});

/** The rules in the grouping of the state where they still say the same, else address by address. */
function rulesAsWritten(written: Value | undefined, permissions: readonly ApiPermission[]): Value {
  const text = (list: readonly ApiPermission[]): string => [...new Set(list.map((one) => JSON.stringify(one)))].sort().join();
  if (written !== undefined && text(permissionsOf(written)) === text(permissions)) return written;
  return permissions.map(({ IpProtocol, FromPort = 0, ToPort = 0, IpRanges, Ipv6Ranges }) => ({
    protocol: IpProtocol,
    fromPort: FromPort,
    toPort: ToPort,
    cidrBlocks: IpRanges.map(({ CidrIp }) => CidrIp),
    ipv6CidrBlocks: Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6),
    description: [...IpRanges, ...Ipv6Ranges][0]?.Description ?? "",
  }));
}
