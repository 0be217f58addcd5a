import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEBIAN, REGION } from "./aws-fixture";
import { AwsStack, type Resource, type Wanted } from "./aws-project";

const ami = { module: "ssm", name: "getParameter", args: { name: DEBIAN, region: REGION } };

const NETWORK: Readonly<Record<string, Resource>> = {
  vpc: ["Vpc", { cidrBlock: "10.20.0.0/16", enableDnsHostnames: false, tags: { Name: "edge-vpc" } }],
  gateway: ["InternetGateway", { vpcId: "@vpc" }],
  subnet: ["Subnet", { vpcId: "@vpc", cidrBlock: "10.20.0.0/24", availabilityZone: "eu-central-1a" }],
  routes: ["RouteTable", { vpcId: "@vpc" }, { ignoreChanges: ["propagatingVgws"] }],
  outward: ["Route", { routeTableId: "@routes", destinationCidrBlock: "0.0.0.0/0", gatewayId: "@gateway" }],
  route: ["RouteTableAssociation", { subnetId: "@subnet", routeTableId: "@routes" }],
  firewall: [
    "SecurityGroup",
    {
      vpcId: "@vpc",
      ingress: [{ protocol: "udp", fromPort: 41641, toPort: 41641, cidrBlocks: ["0.0.0.0/0"] }],
      egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] }],
    },
  ],
};

const INSTANCE = {
  instanceType: "t3.large",
  subnetId: "@subnet",
  vpcSecurityGroupIds: ["@firewall"],
  associatePublicIpAddress: true,
  userData: "#cloud-config\n",
  userDataReplaceOnChange: true,
  metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
  rootBlockDevice: { volumeType: "gp3", volumeSize: 20, encrypted: true, deleteOnTermination: true, tags: { Name: "edge" } },
  instanceInitiatedShutdownBehavior: "terminate",
  tags: { Name: "edge-burst-0" },
};

const withInstance = (image: string, changes: Readonly<Record<string, unknown>> = {}, opts = {}): Wanted => ({
  resources: { ...NETWORK, vm: ["Instance", { ...INSTANCE, ami: image, ...changes }, opts] },
});

async function prepared(test: Parameters<typeof AwsStack.create>[0]): Promise<{ stack: AwsStack; image: string }> {
  const stack = await AwsStack.create(test);
  return { stack, image: await stack.aws.image() };
}

describe("the aws provider", { concurrency: 2 }, () => {
  // https://www.pulumi.com/registry/packages/aws/api-docs/ec2/instance/, hashicorp/terraform-provider-aws: internal/service/ec2/ec2_instance.go
  it("asks nothing in a preview, makes a network and an instance, sees no change after, and leaves nothing", async (test) => {
    const { stack, image } = await prepared(test);
    const { project, aws, asked } = stack;
    await stack.want(withInstance(image));
    const preview = await project.preview();
    assert.equal(preview.code, 0, preview.output);
    assert.match(preview.output, /9 to create/);
    assert.deepEqual(asked, []);

    const up = await project.up();
    assert.equal(up.code, 0, up.output);
    const { vm, firewall } = await project.state();
    const { publicIp, privateIp, instanceState, availabilityZone, arn, primaryNetworkInterfaceId } = vm?.outputs ?? {};
    assert.match(String(publicIp), /^198\.18\.0\.1\d\d$/);
    assert.deepEqual([privateIp, instanceState, availabilityZone], ["10.20.0.4", "running", "eu-central-1a"]);
    assert.equal(arn, `arn:aws:ec2:eu-central-1:000000000000:instance/${vm?.id}`);
    assert.match(String(primaryNetworkInterfaceId), /^eni-/);
    // The engine names what it may name, and Pulumi describes what Terraform would.
    assert.match(String(firewall?.outputs["name"]), /^firewall-[0-9a-f]{7}$/);
    assert.equal(firewall?.outputs["description"], "Managed by Pulumi");

    assert.match((await project.up()).output, /9 unchanged/);
    assert.match((await project.up("--refresh")).output, /9 unchanged/);
    const destroyed = await project.destroy();
    assert.equal(destroyed.code, 0, destroyed.output);
    for (const [kind, left] of Object.entries(await aws.inventory())) assert.deepEqual(left, [], kind);
  });

  // Changing Instance's user data, type or tags: the same page, under Inputs; ForceNew: ec2_instance.go.
  it("updates tags and groups in place, and replaces for user data, type where told, and spot", async (test) => {
    const { stack, image } = await prepared(test);
    assert.equal((await stack.up(withInstance(image))).code, 0);
    const id = (await stack.project.state())["vm"]?.id;
    const tagged = await stack.up(withInstance(image, { tags: { Name: "edge-burst-0", pool: "burst" } }));
    assert.match(tagged.output, /~1 updated|1 updated/, tagged.output);
    assert.equal((await stack.project.state())["vm"]?.id, id);
    const typed = await stack.up(withInstance(image, { instanceType: "t3.xlarge" }));
    assert.notEqual(typed.code, 0);
    assert.match(typed.output, /operation error EC2: StopInstances/);
    for (const [changes, opts] of [
      [{ instanceType: "t3.xlarge" }, { replaceOnChanges: ["instanceType"] }],
      [{ instanceType: "t3.xlarge", userData: "#cloud-config\n# again\n" }, {}],
      [{ instanceType: "t3.xlarge", userData: "#cloud-config\n# again\n", instanceMarketOptions: { marketType: "spot" } }, {}],
    ] as const) {
      const replaced = await stack.up(withInstance(image, changes, { ...opts, deleteBeforeReplace: true }));
      assert.match(replaced.output, /1 replaced/, replaced.output);
    }
    assert.equal((await stack.aws.inventory())["instances"]?.length, 1);
    assert.equal((await stack.project.destroy()).code, 0);
  });

  // https://www.pulumi.com/docs/iac/cli/commands/pulumi_refresh/
  it("finds an instance gone that was terminated behind its back, and makes it again in one run", async (test) => {
    const { stack, image } = await prepared(test);
    assert.equal((await stack.up(withInstance(image))).code, 0);
    const { id } = (await stack.project.state())["vm"] ?? {};
    await stack.aws.admin("terminate", { instanceId: id });
    const again = await stack.up(withInstance(image), "--refresh");
    assert.equal(again.code, 0, again.output);
    const now = (await stack.project.state())["vm"];
    assert.notEqual(now?.id, id);
    await stack.aws.admin("terminate", { instanceId: now?.id });
    // A deletion of what is gone succeeds.
    assert.equal((await stack.project.destroy()).code, 0);
  });

  // https://www.pulumi.com/docs/iac/concepts/state-and-backends/ (drift), vpc_security_group.go
  it("puts back rules and tags that someone else changed, at the next up with --refresh", async (test) => {
    const { stack } = await prepared(test);
    assert.equal((await stack.up({ resources: NETWORK })).code, 0);
    const { firewall, vpc } = await stack.project.state();
    const rule = { IpProtocol: "tcp", FromPort: 6443, ToPort: 6443, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
    await stack.aws.ask("AuthorizeSecurityGroupIngress", { GroupId: firewall?.id, IpPermissions: [rule] });
    await stack.aws.ask("CreateTags", { Resources: [vpc?.id], Tags: [{ Key: "Name", Value: "theirs" }] });
    const again = await stack.project.up("--refresh");
    assert.equal(again.code, 0, again.output);
    assert.match(again.output, /2 updated/);
    type Groups = { SecurityGroups: readonly { IpPermissions: readonly { FromPort: number }[] }[] };
    const { SecurityGroups } = await stack.aws.ask<Groups>("DescribeSecurityGroups", { GroupIds: [firewall?.id] });
    assert.deepEqual(
      SecurityGroups[0]?.IpPermissions.map(({ FromPort }) => FromPort),
      [41641],
    );
    assert.equal((await stack.project.destroy()).code, 0);
  });

  // https://www.pulumi.com/registry/packages/aws/api-docs/ec2/route/
  it("leaves routes that someone else added, follows its own to another target, and makes it again", async (test) => {
    const { stack } = await prepared(test);
    const address: Resource = ["Eip", { domain: "vpc" }];
    const nat: Resource = ["NatGateway", { allocationId: "@address", subnetId: "@subnet" }];
    assert.equal((await stack.up({ resources: { ...NETWORK, address, nat } })).code, 0);
    const { routes, gateway } = await stack.project.state();
    const table = { RouteTableId: routes?.id };
    await stack.aws.ask("CreateRoute", { ...table, DestinationCidrBlock: "10.99.0.0/16", GatewayId: gateway?.id });
    const same = await stack.project.up("--refresh", "--expect-no-changes");
    assert.equal(same.code, 0, same.output);
    const outward: Resource = ["Route", { routeTableId: "@routes", destinationCidrBlock: "0.0.0.0/0", natGatewayId: "@nat" }];
    const others = Object.fromEntries(Object.entries(NETWORK).filter(([name]) => name !== "outward"));
    const moved = await stack.up({ resources: { ...others, address, nat, outward } });
    assert.match(moved.output, /1 updated/, moved.output);
    await stack.aws.ask("DeleteRoute", { ...table, DestinationCidrBlock: "0.0.0.0/0" });
    assert.match((await stack.project.up("--refresh")).output, /1 created/);
    type Tables = { RouteTables: readonly { Routes: readonly { DestinationCidrBlock: string; NatGatewayId?: string }[] }[] };
    const { RouteTables } = await stack.aws.ask<Tables>("DescribeRouteTables", { RouteTableIds: [routes?.id] });
    assert.deepEqual(
      RouteTables[0]?.Routes.map(({ DestinationCidrBlock, NatGatewayId = "" }) => `${DestinationCidrBlock} ${NatGatewayId.slice(0, 4)}`),
      ["10.20.0.0/16 ", "10.99.0.0/16 ", "0.0.0.0/0 nat-"],
    );
    assert.equal((await stack.project.destroy()).code, 0);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
  it("tells a missing capacity, keeps an instance whose machine died in state, and clears it", async (test) => {
    const { stack, image } = await prepared(test);
    await stack.aws.admin("capacity", { count: 1 });
    const refused = await stack.up(withInstance(image));
    assert.notEqual(refused.code, 0);
    assert.match(
      refused.output,
      /creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: 500, .*api error InsufficientInstanceCapacity: We currently/,
    );
    assert.equal((await stack.project.state())["vm"], undefined);
    stack.aws.machines.failure = new Error("no memory");
    const died = await stack.up(withInstance(image));
    assert.notEqual(died.code, 0);
    assert.match(died.output, /waiting for EC2 Instance \(i-[0-9a-f]{17}\) create: unexpected state/);
    assert.match(String((await stack.project.state())["vm"]?.id), /^i-/);
    stack.aws.machines.failure = undefined;
    const healed = await stack.up(withInstance(image), "--refresh");
    assert.equal(healed.code, 0, healed.output);
    assert.equal((await stack.project.destroy()).code, 0);
    for (const [kind, left] of Object.entries(await stack.aws.inventory())) assert.deepEqual(left, [], kind);
  });

  // The declarations of @pulumi/aws and the schemas of hashicorp/terraform-provider-aws
  it("refuses inputs that the real one does not know, lacks or takes otherwise, before anything is asked", async (test) => {
    const { stack, image } = await prepared(test);
    const rule = { protocol: "-1", fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/0"] };
    const wrong: readonly (readonly [Resource, ...RegExp[]])[] = [
      [["Vpc", { cidrBlock: "10.0.0.0/8" }], /between 16 and 28 significant bits, got: 8/],
      [["Subnet", { vpcId: "vpc-1", cidrBlock: "10.20.0.1/24" }], /"10\.20\.0\.1\/24" is not a valid CIDR block/],
      [["SecurityGroup", { ingress: [rule] }], /must both be 0 to use the 'ALL' "-1" protocol/],
      [
        ["Instance", { instanceType: "t3.large", ami: image, metadataOptions: { httpToken: "required" } }],
        /Unrecognized field 'httpToken'/,
      ],
      [
        ["Instance", { ami: image, userData: "a", userDataBase64: "Yg==", metadataOptions: { httpTokens: "yes" } }],
        ...[/one of `instanceType,launchTemplate` must be specified/, /"userData": conflicts with userDataBase64/],
        /expected metadataOptions\.httpTokens to be one of/,
      ],
    ];
    for (const [resource, ...reasons] of wrong) {
      await stack.want({ resources: { it: resource } });
      const { code, output } = await stack.project.preview();
      assert.notEqual(code, 0);
      for (const reason of reasons) assert.match(output, reason);
    }
    assert.deepEqual(stack.asked, []);
  });

  // https://www.pulumi.com/registry/packages/aws/api-docs/ssm/getparameter/, .../ec2/getroutetable/, .../ec2/getvpngateway/, .../ec2/natgateway/
  it("makes a NAT gateway for a private subnet, reads images and the table of a subnet that names one, and finds no VPN gateway", async (test) => {
    const { stack, image } = await prepared(test);
    const nat: Wanted["resources"] = {
      ...NETWORK,
      address: ["Eip", { domain: "vpc" }],
      nat: ["NatGateway", { allocationId: "@address", subnetId: "@subnet" }],
      inward: ["RouteTable", { vpcId: "@vpc" }],
      out: ["Route", { routeTableId: "@inward", destinationCidrBlock: "0.0.0.0/0", natGatewayId: "@nat" }],
      inside: ["Subnet", { vpcId: "@vpc", cidrBlock: "10.20.1.0/24" }],
      way: ["RouteTableAssociation", { subnetId: "@inside", routeTableId: "@inward" }],
    };
    const first = await stack.up({ resources: nat, look: ami });
    assert.equal(first.code, 0, first.output);
    assert.equal((await stack.project.outputs())["found"], image);
    const subnetId = (await stack.project.state())["inside"]?.id;
    const table = { module: "ec2", name: "getRouteTable", args: { region: REGION, subnetId } };
    assert.equal((await stack.up({ resources: nat, look: table })).code, 0);
    const found = (await stack.project.outputs())["found"] as { routes: readonly { natGatewayId: string }[] };
    assert.match(String(found.routes[0]?.natGatewayId), /^nat-/);
    const attachedVpcId = (await stack.project.state())["vpc"]?.id;
    const gateway = await stack.up({
      resources: nat,
      look: { module: "ec2", name: "getVpnGateway", args: { region: REGION, attachedVpcId } },
    });
    assert.match(gateway.output, /no matching EC2 VPN Gateway found/);
    const destroyed = await stack.project.destroy();
    assert.equal(destroyed.code, 0, destroyed.output);
    for (const [kind, left] of Object.entries(await stack.aws.inventory())) assert.deepEqual(left, [], kind);
  });
});
