import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEBIAN, REGION } from "./aws-fixture";
import { NETWORK, type Resource, type Wanted, prepared, withInstance } from "./aws-project";

const ami = { module: "ssm", name: "getParameter", args: { name: DEBIAN, region: REGION } };

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
    assert.equal(typed.code, 0, typed.output);
    const now = (await stack.project.state())["vm"];
    assert.deepEqual([now?.id, now?.outputs["instanceType"]], [id, "t3.xlarge"]);
    // It was stopped and started for that (modifyInstanceAttributeWithStopStart).
    assert.ok(stack.asked.indexOf("StartInstances") > stack.asked.indexOf("StopInstances"), stack.asked.join());
    for (const [changes, opts] of [
      [{ instanceType: "t3.2xlarge" }, { replaceOnChanges: ["instanceType"] }],
      [{ instanceType: "t3.xlarge", userData: "#cloud-config\n# again\n" }, {}],
      [{ instanceType: "t3.xlarge", userData: "#cloud-config\n# again\n", instanceMarketOptions: { marketType: "spot" } }, {}],
    ] as const) {
      const replaced = await stack.up(withInstance(image, changes, { ...opts, deleteBeforeReplace: true }));
      assert.match(replaced.output, /1 replaced/, replaced.output);
    }
    assert.equal((await stack.aws.inventory())["instances"]?.length, 1);
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
