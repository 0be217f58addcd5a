import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refuses } from "./aws-fixture";
import { INSTANCE, NETWORK, type Resource, prepared, withInstance } from "./aws-project";

describe("the aws provider, of what others changed", { concurrency: 2 }, () => {
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

  // hashicorp/terraform-provider-aws#33775, https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-ec2-instance-stop-start-works.html
  it("replaces an instance with a public address that was stopped, and leaves one without", async (test) => {
    const { stack, image } = await prepared(test);
    const hidden: Resource = ["Instance", { ...INSTANCE, ami: image, associatePublicIpAddress: false }];
    const wanted = { resources: { ...withInstance(image, {}, { deleteBeforeReplace: true }).resources, hidden } };
    assert.equal((await stack.up(wanted)).code, 0);
    const before = await stack.project.state();
    for (const name of ["vm", "hidden"]) await stack.aws.admin("stop", { instanceId: before[name]?.id });
    const again = await stack.up(wanted, "--refresh");
    assert.equal(again.code, 0, again.output);
    assert.match(again.output, /1 replaced/);
    const now = await stack.project.state();
    assert.notEqual(now["vm"]?.id, before["vm"]?.id);
    assert.deepEqual([now["hidden"]?.id, now["hidden"]?.outputs["instanceState"]], [before["hidden"]?.id, "stopped"]);
    assert.equal((await stack.project.destroy()).code, 0);
    for (const [kind, left] of Object.entries(await stack.aws.inventory())) assert.deepEqual(left, [], kind);
  });

  // hashicorp/terraform-provider-aws: readBlockDevicesFromInstance (ec2_instance.go) reads the volume's tags, whoever set them.
  it("sees a backup tool's tag on the disk as a change of it, unless that is ignored", async (test) => {
    const { stack, image } = await prepared(test);
    const replaceOnChanges = ["rootBlockDevice"];
    const kept = withInstance(image, {}, { replaceOnChanges, deleteBeforeReplace: true, ignoreChanges: ["rootBlockDevice.tags"] });
    assert.equal((await stack.up(kept)).code, 0);
    const before = (await stack.project.state())["vm"];
    const { volumeId } = before?.outputs["rootBlockDevice"] as { volumeId: string };
    await stack.aws.ask("CreateTags", { Resources: [volumeId], Tags: [{ Key: "backup", Value: "daily" }] });
    const same = await stack.project.up("--refresh", "--expect-no-changes");
    assert.equal(same.code, 0, same.output);
    type Volumes = { Volumes: readonly { Tags: readonly object[] }[] };
    const { Volumes } = await stack.aws.ask<Volumes>("DescribeVolumes", { VolumeIds: [volumeId] });
    assert.equal(Volumes[0]?.Tags.length, 2);
    const replaced = await stack.up(withInstance(image, {}, { replaceOnChanges, deleteBeforeReplace: true }));
    assert.match(replaced.output, /1 replaced/, replaced.output);
    assert.notEqual((await stack.project.state())["vm"]?.id, before?.id);
    assert.equal((await stack.project.destroy()).code, 0);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html; forceDestroy: @pulumi/aws, ec2/instance.d.ts
  it("destroys an instance that is protected only after an up with forceDestroy", async (test) => {
    const { stack, image } = await prepared(test);
    assert.equal((await stack.up(withInstance(image, { disableApiTermination: true }))).code, 0);
    const { id } = (await stack.project.state())["vm"] ?? {};
    await refuses(stack.aws.ask("TerminateInstances", { InstanceIds: [id] }), "OperationNotPermitted");
    const refused = await stack.project.destroy();
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /OperationNotPermitted: The instance 'i-[0-9a-f]+' may not be terminated/);
    const kept = { disableApiTermination: true, forceDestroy: true, instanceInitiatedShutdownBehavior: "stop" };
    assert.equal((await stack.up(withInstance(image, kept))).code, 0);
    assert.equal((await stack.project.state())["vm"]?.id, id);
    assert.equal((await stack.project.destroy()).code, 0);
    assert.deepEqual((await stack.aws.inventory())["instances"], []);
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

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html, hashicorp/terraform-provider-aws: internal/service/ec2/tag_gen.go
  it("tags the interface that an instance came with, whatever becomes of both, and takes no tag from one that is gone", async (test) => {
    const { stack, image } = await prepared(test);
    const tag = (value: string): Resource => [
      "Tag",
      { resourceId: "@vm.primaryNetworkInterfaceId", key: "pool", value },
      { retainOnDelete: true },
    ];
    const wanted = (value: string, instance = {}) => ({
      resources: { ...withInstance(image, instance, { deleteBeforeReplace: true }).resources, tag: tag(value) },
    });
    type Interfaces = { NetworkInterfaces: readonly { NetworkInterfaceId: string; TagSet: readonly object[] }[] };
    const tags = async () => (await stack.aws.ask<Interfaces>("DescribeNetworkInterfaces")).NetworkInterfaces.map(({ TagSet }) => TagSet);
    const tagged = (Value: string) => [[{ Key: "pool", Value }]];

    assert.equal((await stack.up(wanted("burst"))).code, 0);
    assert.deepEqual(await tags(), tagged("burst"));
    const before = await stack.project.state();
    const resources = [before["vm"]?.outputs["primaryNetworkInterfaceId"]];
    assert.equal(before["tag"]?.id, `${String(resources[0])},pool`);
    assert.match((await stack.project.up("--refresh")).output, /10 unchanged/);
    await stack.aws.ask("CreateTags", { Resources: resources, Tags: [{ Key: "pool", Value: "theirs" }] });
    assert.match((await stack.up(wanted("more"), "--refresh")).output, /1 updated/);
    assert.deepEqual(await tags(), tagged("more"));
    await stack.aws.ask("DeleteTags", { Resources: resources, Tags: [{ Key: "pool" }] });
    assert.match((await stack.project.up("--refresh")).output, /1 created/);
    const replaced = await stack.up(wanted("more", { userData: "#cloud-config\n# again\n" }));
    assert.match(replaced.output, /2 replaced/, replaced.output);
    assert.deepEqual(await tags(), tagged("more"));
    await stack.aws.admin("terminate", { instanceId: (await stack.project.state())["vm"]?.id });
    const again = await stack.project.up("--refresh");
    assert.equal(again.code, 0, again.output);
    assert.deepEqual(await tags(), tagged("more"));
    await refuses(stack.aws.ask("DeleteTags", { Resources: resources, Tags: [{ Key: "pool" }] }), "InvalidNetworkInterfaceID.NotFound");
    await refuses(stack.aws.ask("CreateTags", { Resources: ["eni"], Tags: [{ Key: "pool", Value: "" }] }), "InvalidID");
    stack.asked.length = 0;
    assert.equal((await stack.project.destroy()).code, 0);
    assert.ok(!stack.asked.includes("DeleteTags"), stack.asked.join());
  });
});
