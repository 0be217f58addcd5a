import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Aws, type Body, REGION, refuses } from "./aws-fixture";

describe("the emulated EC2", () => {
  // https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html, .../AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
  it("does not find an instance at once, then shows it pending, then running with its public address", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    await aws.admin("bootDelay", { milliseconds: 50 });
    const id = await aws.run(network);
    assert.match(id, /^i-[0-9a-f]{17}$/);
    await refuses(aws.instance(id), "InvalidInstanceID.NotFound", /The instance ID 'i-[0-9a-f]{17}' does not exist/);
    const pending = await aws.instance(id);
    assert.deepEqual(pending["State"], { Code: 0, Name: "pending" });
    assert.equal(pending["PublicIpAddress"], undefined);
    const running = await aws.inState(id, "running");
    assert.match(String(running["PublicIpAddress"]), /^198\.18\.0\.1[0-3]\d$/);
    assert.equal(running["PrivateIpAddress"], "10.20.0.4");
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
  it("shuts down, shows the terminated instance for a while, and takes disk, interface and address along", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    const id = await aws.run(network);
    await aws.inState(id, "running");
    assert.equal(aws.machines.on.size, 1);
    await aws.ask("TerminateInstances", { InstanceIds: [id] });
    assert.deepEqual((await aws.instance(id))["State"], { Code: 32, Name: "shutting-down" });
    const gone = await aws.inState(id, "terminated");
    assert.equal(gone["VpcId"], undefined);
    assert.equal(aws.machines.on.size, 0);
    const { instances, volumes, networkInterfaces, addresses } = await aws.inventory();
    assert.deepEqual(
      { instances, volumes, networkInterfaces, addresses },
      { instances: [], volumes: [], networkInterfaces: [], addresses: [] },
    );
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html, .../Using_ChangingInstanceInitiatedShutdownBehavior.html
  it("stops and starts an instance, which keeps its disk and private address, and does at power-off what it was launched with", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    const id = await aws.run(network);
    await aws.inState(id, "running");
    const { PublicIpAddress: lent } = await aws.instance(id);
    const { StoppingInstances } = await aws.ask<{ StoppingInstances: readonly Body[] }>("StopInstances", { InstanceIds: [id] });
    assert.deepEqual(StoppingInstances[0]?.["CurrentState"], { Code: 64, Name: "stopping" });
    const stopped = await aws.inState(id, "stopped");
    assert.deepEqual([stopped["PublicIpAddress"], stopped["PrivateIpAddress"]], [undefined, "10.20.0.4"]);
    assert.deepEqual([aws.machines.on.size, aws.machines.off.size, (await aws.inventory())["volumes"]?.length], [0, 1, 1]);
    const bigger = { InstanceId: id, InstanceType: { Value: "t3.xlarge" } };
    await aws.ask("ModifyInstanceAttribute", bigger);
    await aws.ask("StartInstances", { InstanceIds: [id] });
    const again = await aws.inState(id, "running");
    assert.equal(again["InstanceType"], "t3.xlarge");
    assert.notEqual(again["PublicIpAddress"], lent);
    assert.equal(aws.machines.on.get("aws1")?.publicAddress, again["PublicIpAddress"]);
    await refuses(aws.ask("ModifyInstanceAttribute", bigger), "IncorrectInstanceState");

    aws.machines.ended.add("aws1");
    assert.equal(((await aws.inState(id, "stopped"))["StateReason"] as Body)["Code"], "Client.InstanceInitiatedShutdown");
    await aws.ask("StartInstances", { InstanceIds: [id] });
    await aws.inState(id, "running");
    await aws.ask("ModifyInstanceAttribute", { InstanceId: id, InstanceInitiatedShutdownBehavior: { Value: "terminate" } });
    aws.machines.ended.add("aws1");
    await aws.inState(id, "terminated");
    await refuses(aws.ask("StartInstances", { InstanceIds: [id] }), "IncorrectInstanceState");
    const spot = await aws.run(network, { InstanceMarketOptions: { MarketType: "spot" } });
    await aws.inState(spot, "running");
    await refuses(aws.ask("StopInstances", { InstanceIds: [spot] }), "UnsupportedOperation");
    assert.deepEqual((await aws.inventory())["instances"], [spot]);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (DependencyViolation)
  it("deletes no network from under what stands in it", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    const id = await aws.run(network);
    await refuses(aws.ask("DeleteSubnet", { SubnetId: network.subnet }), "DependencyViolation");
    await refuses(aws.ask("DeleteSecurityGroup", { GroupId: network.group }), "DependencyViolation");
    await refuses(aws.ask("DeleteVpc", { VpcId: network.vpc }), "DependencyViolation");
    const attachment = { InternetGatewayId: network.gateway, VpcId: network.vpc };
    await refuses(aws.ask("DetachInternetGateway", attachment), "DependencyViolation", /mapped public address/);
    await aws.ask("TerminateInstances", { InstanceIds: [id] });
    await aws.inState(id, "terminated");
    await refuses(aws.ask("DeleteInternetGateway", { InternetGatewayId: network.gateway }), "DependencyViolation");
    await aws.ask("DetachInternetGateway", attachment);
    await aws.ask("DeleteInternetGateway", { InternetGatewayId: network.gateway });
    await aws.ask("DeleteSubnet", { SubnetId: network.subnet });
    await refuses(aws.ask("DeleteVpc", { VpcId: network.vpc }), "DependencyViolation");
    await aws.ask("DeleteSecurityGroup", { GroupId: network.group });
    await aws.ask("DeleteVpc", { VpcId: network.vpc });
    for (const [kind, left] of Object.entries(await aws.inventory())) assert.deepEqual(left, [], kind);
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html, .../subnet-sizing.html
  it("refuses ranges that a VPC or a subnet cannot have", async () => {
    const aws = new Aws();
    const { vpc } = await aws.makeNetwork();
    await refuses(aws.ask("CreateVpc", { CidrBlock: "10.0.0.0/8" }), "InvalidVpc.Range");
    await refuses(aws.ask("CreateSubnet", { VpcId: vpc, CidrBlock: "10.20.0.0/28" }), "InvalidSubnet.Conflict");
    await refuses(aws.ask("CreateSubnet", { VpcId: vpc, CidrBlock: "10.21.0.0/24" }), "InvalidSubnet.Range");
    await refuses(aws.ask("CreateSubnet", { VpcId: vpc, CidrBlock: "10.20.0.1/28" }), "InvalidParameterValue");
    await refuses(
      aws.ask("CreateSubnet", { VpcId: vpc, CidrBlock: "10.20.0.0/28", AvailabilityZone: "eu-central-1z" }),
      "InvalidParameterValue",
    );
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and .../UserGuide/user-data.html
  it("refuses launches in the words of EC2", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    const arm = await aws.image("/aws/service/debian/release/13/latest/arm64");
    await refuses(aws.run(network, { InstanceType: "t4g.large" }), "InvalidParameterValue", /does not match the architecture 'x86_64'/);
    await refuses(aws.run(network, { InstanceType: "t4g.large", ImageId: arm }), "Unsupported", /arm64/);
    await refuses(aws.run(network, { InstanceType: "t3.huge" }), "InvalidParameterValue", /Invalid value 't3.huge' for InstanceType/);
    await refuses(aws.run(network, { ImageId: "ami-00000000000000000" }), "InvalidAMIID.NotFound");
    await refuses(aws.run(network, { UserData: Buffer.alloc(16385, "x").toString("base64") }), "InvalidParameterValue", /16384/);
    await refuses(aws.run(network, { KeyName: "mine" }), "InvalidKeyPair.NotFound");
    await refuses(aws.run(network, { Colour: "blue" }), "UnknownParameter");
    const disk = { DeviceName: "/dev/xvda", Ebs: { VolumeSize: 4 } };
    await refuses(aws.run(network, { BlockDeviceMappings: [disk] }), "InvalidBlockDeviceMapping");
    const elsewhere = await aws.makeNetwork("10.30.0.0/24");
    await refuses(aws.run({ ...network, group: elsewhere.group }), "InvalidParameter", /belong to different networks/);
    assert.deepEqual((await aws.inventory())["networkInterfaces"], []);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html, .../ec2-instance-quotas.html, .../spot-request-status.html
  it("runs into quotas, missing capacity and prices", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    await aws.admin("capacity", { count: 1, instanceType: "t3.large" });
    await refuses(aws.run(network), "InsufficientInstanceCapacity", /sufficient t3.large capacity in the Availability Zone you requested/);
    await aws.run(network);
    await aws.admin("limits", { onDemandVcpus: 3, spotVcpus: 1 });
    await refuses(aws.run(network), "VcpuLimitExceeded");
    const spot = { InstanceMarketOptions: { MarketType: "spot", SpotOptions: { MaxPrice: "0.05" } } };
    await refuses(aws.run(network, spot), "MaxSpotInstanceCountExceeded");
    await aws.admin("spotPrice", { instanceType: "t3.large", price: 0.09 });
    await refuses(aws.run(network, spot), "SpotMaxPriceTooLow", /0\.05 is lower than .* 0\.09/);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-interruptions.html
  it("takes a spot instance back and says why", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    const tags = { ResourceType: "instance", Tags: [{ Key: "hybrid-k3s-node", Value: "edge-burst-0" }] };
    const id = await aws.run(network, { InstanceMarketOptions: { MarketType: "spot" }, TagSpecifications: [tags] });
    await aws.inState(id, "running");
    const { machine, instanceId } = await aws.admin("machineOf", { node: "edge-burst-0" });
    assert.deepEqual([machine, instanceId], ["aws1", id]);
    await aws.admin("reclaim", { node: "edge-burst-0" });
    const gone = await aws.instance(id);
    assert.equal((gone["StateReason"] as { Code: string }).Code, "Server.SpotInstanceTermination");
    assert.equal(aws.machines.isOn("aws1"), false);
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
  it("opens on the machine what the security group lets in, and follows its changes", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    const rule = (protocol: string, port: number, cidr: string) => ({
      GroupId: network.group,
      IpPermissions: [{ IpProtocol: protocol, FromPort: port, ToPort: port, IpRanges: [{ CidrIp: cidr }] }],
    });
    await aws.ask("AuthorizeSecurityGroupIngress", rule("udp", 41641, "0.0.0.0/0"));
    await refuses(aws.ask("AuthorizeSecurityGroupIngress", rule("udp", 41641, "0.0.0.0/0")), "InvalidPermission.Duplicate");
    await aws.inState(await aws.run(network), "running");
    const udp = { protocol: "udp", port: 41641, sources: ["0.0.0.0/0"] };
    assert.deepEqual(aws.machines.on.get("aws1")?.firewall, [udp]);
    await aws.ask("AuthorizeSecurityGroupIngress", rule("tcp", 22, "198.18.0.40/32"));
    assert.deepEqual(aws.machines.firewalls.get("aws1"), [udp, { protocol: "tcp", port: 22, sources: ["198.18.0.40/32"] }]);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
  it("gives the machine its user data decoded, its hop limit and its place", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    const metadata = { HttpTokens: "required", HttpPutResponseHopLimit: 2 };
    const userData = "#cloud-config\nhostname: edge\n";
    const id = await aws.run(network, { MetadataOptions: metadata, UserData: Buffer.from(userData).toString("base64") });
    await aws.inState(id, "running");
    const { publicAddress, ...spec } = aws.machines.on.get("aws1") ?? {};
    assert.ok(publicAddress);
    assert.deepEqual(spec, {
      ...{ name: "aws1", cloud: "aws", privateAddress: "10.20.0.4", prefixLength: 24, firewall: [], userData },
      ...{ instanceId: id, region: REGION, zone: "eu-central-1a", metadataHopLimit: 2, isShutIn: true },
    });
  });

  // https://wiki.debian.org/Cloud/AmazonEC2Image, https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/
  it("publishes images in each region, Ubuntu 24.04 on gp3 only, and keeps old ones launchable", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    const canonical = (release: string, disk: string): Promise<string> =>
      aws.image(`/aws/service/canonical/ubuntu/server/${release}/stable/current/amd64/hvm/ebs-${disk}/ami-id`);
    for (const known of [aws.image(), canonical("22.04", "gp2"), canonical("24.04", "gp3")])
      assert.match(await known, /^ami-[0-9a-f]{17}$/);
    await refuses(canonical("24.04", "gp2"), "ParameterNotFound");
    const before = await aws.image();
    await aws.admin("newImages");
    assert.notEqual(await aws.image(), before);
    await aws.run(network, { ImageId: before });
    await refuses(aws.ask("GetParameter", { Name: "/x", region: "eu-nowhere-1" }), "InvalidEndpoint");
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html (terminates immediately)
  it("terminates an instance whose machine cannot be made, and keeps one running whose machine never boots", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    aws.machines.failure = new Error("no memory");
    const failed = await aws.inState(await aws.run(network), "terminated");
    assert.match(JSON.stringify(failed["StateReason"]), /Server\.InternalError: no memory/);
    aws.machines.failure = undefined;
    await aws.admin("noBoot");
    const dead = await aws.run(network);
    await aws.inState(dead, "running");
    assert.equal(aws.machines.on.size, 0);
    await aws.ask("TerminateInstances", { InstanceIds: [dead] });
    await aws.inState(dead, "terminated");
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
  it("needs an internet gateway and a free address for a NAT gateway, and holds both until it is deleted", async () => {
    const aws = new Aws();
    const network = await aws.makeNetwork();
    const { AllocationId } = await aws.ask<{ AllocationId: string }>("AllocateAddress", { Domain: "vpc" });
    const { NatGateway } = await aws.ask<{ NatGateway: { NatGatewayId: string; State: string } }>("CreateNatGateway", {
      ...{ SubnetId: network.subnet, AllocationId },
    });
    assert.equal(NatGateway.State, "pending");
    await refuses(aws.ask("ReleaseAddress", { AllocationId }), "InvalidIPAddress.InUse");
    await refuses(aws.ask("DeleteSubnet", { SubnetId: network.subnet }), "DependencyViolation");
    const again = { SubnetId: network.subnet, AllocationId };
    await refuses(aws.ask("CreateNatGateway", again), "Resource.AlreadyAssociated");
  });
});
