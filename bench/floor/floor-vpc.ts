import { addresses } from "../../lab/hosts/topology";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";

const REGION = "eu-central-1";
const INSTANCE_TYPE = "t3.large";
const IMAGE = "/aws/service/debian/release/12/latest/amd64";
const VPC_CIDR = "172.20.0.0/20";
const WIREGUARD_PORT = 41641;

/** What the lab calls a machine of its AWS, and where it answers. */
export interface LaunchedMachine {
  readonly machine: string;
  readonly instanceId: string;
  readonly publicIp: string;
}

/** A network by hand in the lab's AWS, and the machines that are launched into it. */
export class FloorVpc {
  private constructor(
    private readonly lab: Lab,
    private readonly parts: Readonly<Record<"vpc" | "subnet" | "gateway" | "table" | "group" | "image", string>>,
  ) {}

  static async create(lab: Lab): Promise<FloorVpc> {
    const ask = <T>(action: string, parameters: Readonly<Record<string, unknown>>) => call<T>(lab, action, parameters);
    const { Parameter } = await ask<{ Parameter: { Value: string } }>("GetParameter", { Name: IMAGE });
    const { VpcId } = (await ask<{ Vpc: { VpcId: string } }>("CreateVpc", { CidrBlock: VPC_CIDR })).Vpc;
    const { SubnetId } = (await ask<{ Subnet: { SubnetId: string } }>("CreateSubnet", { VpcId, CidrBlock: VPC_CIDR })).Subnet;
    const made = await ask<{ InternetGateway: { InternetGatewayId: string } }>("CreateInternetGateway", {});
    const { InternetGatewayId } = made.InternetGateway;
    await ask("AttachInternetGateway", { InternetGatewayId, VpcId });
    const { RouteTableId } = (await ask<{ RouteTable: { RouteTableId: string } }>("CreateRouteTable", { VpcId })).RouteTable;
    await ask("CreateRoute", { RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: InternetGatewayId });
    await ask("AssociateRouteTable", { RouteTableId, SubnetId });
    const { GroupId } = await ask<{ GroupId: string }>("CreateSecurityGroup", { GroupName: "floor", Description: "floor", VpcId });
    const rule = (IpProtocol: string, port: number, CidrIp: string) => ({
      IpProtocol,
      FromPort: port,
      ToPort: port,
      IpRanges: [{ CidrIp }],
    });
    const IpPermissions = [rule("udp", WIREGUARD_PORT, "0.0.0.0/0"), rule("tcp", 22, `${addresses.operator}/32`)];
    await ask("AuthorizeSecurityGroupIngress", { GroupId, IpPermissions });
    return new FloorVpc(lab, {
      vpc: VpcId,
      subnet: SubnetId,
      gateway: InternetGatewayId,
      table: RouteTableId,
      group: GroupId,
      image: Parameter.Value,
    });
  }

  /** The size and image of the lab's burst pool. */
  async launch(userData: string): Promise<LaunchedMachine> {
    const { subnet, group, image } = this.parts;
    const { Instances } = await call<{ Instances: readonly { InstanceId: string }[] }>(this.lab, "RunInstances", {
      ImageId: image,
      InstanceType: INSTANCE_TYPE,
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: subnet, Groups: [group], AssociatePublicIpAddress: true }],
      MetadataOptions: { HttpTokens: "required", HttpEndpoint: "enabled", HttpPutResponseHopLimit: 1 },
      UserData: Buffer.from(userData).toString("base64"),
    });
    return (await this.lab.clouds.admin("aws", "machineOf", { instanceId: Instances[0]?.InstanceId })) as LaunchedMachine;
  }

  /** Resolves when the machines are terminated. */
  async terminate(instanceIds: readonly string[]): Promise<void> {
    await Promise.all(instanceIds.map((instanceId) => this.lab.clouds.admin("aws", "terminate", { instanceId })));
  }

  /** Takes the network away, as soon as no machine stands in it. */
  async remove(): Promise<void> {
    const { vpc, subnet, gateway, table, group } = this.parts;
    const ask = (action: string, parameters: Readonly<Record<string, unknown>>) => call(this.lab, action, parameters);
    await waitUntil("the floor's network is empty", async () => (await this.interfaces()) === 0, { timeoutMs: 30_000 });
    await ask("DeleteSecurityGroup", { GroupId: group });
    await ask("DeleteSubnet", { SubnetId: subnet });
    await ask("DeleteRouteTable", { RouteTableId: table });
    await ask("DetachInternetGateway", { InternetGatewayId: gateway, VpcId: vpc });
    await ask("DeleteInternetGateway", { InternetGatewayId: gateway });
    await ask("DeleteVpc", { VpcId: vpc });
  }

  private async interfaces(): Promise<number> {
    const Filters = [{ Name: "vpc-id", Values: [this.parts.vpc] }];
    return (await call<{ NetworkInterfaces: readonly unknown[] }>(this.lab, "DescribeNetworkInterfaces", { Filters })).NetworkInterfaces
      .length;
  }
}

async function call<T>(lab: Lab, action: string, parameters: Readonly<Record<string, unknown>>): Promise<T> {
  return (await lab.clouds.call("aws", action, { region: REGION, ...parameters })) as T;
}
