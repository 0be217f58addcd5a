import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { createAws } from "../../lab/clouds/aws/cloud";
import { type Cloud, CloudError } from "../../lab/clouds/contract";
import { FakeMachines } from "./fake-machines";

export const REGION = "eu-central-1";
export const ZONE = "eu-central-1a";
export const DEBIAN = "/aws/service/debian/release/13/latest/amd64";
const LIMIT_MS = 5000;

export type Body = Readonly<Record<string, unknown>>;

export interface MadeNetwork {
  readonly vpc: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly group: string;
}

/** An emulated AWS with requests as a client sends them. */
export class Aws {
  readonly machines = new FakeMachines();
  readonly cloud: Cloud = createAws(this.machines);

  async ask<Answer = Body>(action: string, parameters: Body = {}): Promise<Answer> {
    const known = this.cloud.actions[action];
    assert.ok(known, `no action ${action}`);
    return (await known({ region: REGION, ...parameters })) as Answer;
  }

  async admin(action: string, parameters: Body = {}): Promise<Body> {
    const known = this.cloud.admin[action];
    assert.ok(known, `no admin action ${action}`);
    return (await known({ region: REGION, ...parameters })) as Body;
  }

  async inventory(): Promise<Readonly<Record<string, readonly string[]>>> {
    return (await this.admin("inventory")) as Readonly<Record<string, readonly string[]>>;
  }

  async makeNetwork(cidr = "10.20.0.0/24"): Promise<MadeNetwork> {
    const { Vpc } = await this.ask<{ Vpc: { VpcId: string } }>("CreateVpc", { CidrBlock: cidr });
    const vpc = Vpc.VpcId;
    const place = { VpcId: vpc, CidrBlock: cidr, AvailabilityZone: ZONE };
    const { Subnet } = await this.ask<{ Subnet: { SubnetId: string } }>("CreateSubnet", place);
    type Made = { InternetGateway: { InternetGatewayId: string } };
    const gateway = (await this.ask<Made>("CreateInternetGateway")).InternetGateway.InternetGatewayId;
    await this.ask("AttachInternetGateway", { InternetGatewayId: gateway, VpcId: vpc });
    const naming = { GroupName: "nodes", Description: "Nodes", VpcId: vpc };
    const { GroupId } = await this.ask<{ GroupId: string }>("CreateSecurityGroup", naming);
    return { vpc, subnet: Subnet.SubnetId, gateway, group: GroupId };
  }

  async image(name = DEBIAN): Promise<string> {
    return (await this.ask<{ Parameter: { Value: string } }>("GetParameter", { Name: name })).Parameter.Value;
  }

  /** The id of a new instance with a public address. */
  async run({ subnet, group }: MadeNetwork, changes: Body = {}): Promise<string> {
    const network = { DeviceIndex: 0, SubnetId: subnet, Groups: [group], AssociatePublicIpAddress: true };
    const launch = { ImageId: await this.image(), InstanceType: "t3.large", MinCount: 1, MaxCount: 1, NetworkInterfaces: [network] };
    const { Instances } = await this.ask<{ Instances: readonly { InstanceId: string }[] }>("RunInstances", { ...launch, ...changes });
    return Instances[0]?.InstanceId ?? "";
  }

  async instance(id: string): Promise<Body> {
    type Answer = { Reservations: readonly { Instances: readonly Body[] }[] };
    return (await this.ask<Answer>("DescribeInstances", { InstanceIds: [id] })).Reservations[0]?.Instances[0] ?? {};
  }

  /** The instance once it is in that state, whatever is answered before. */
  async inState(id: string, wanted: string): Promise<Body> {
    const limit = Date.now() + LIMIT_MS;
    for (;;) {
      const seen = await this.instance(id).catch((): Body => ({}));
      if ((seen["State"] as Body | undefined)?.["Name"] === wanted) return seen;
      assert.ok(Date.now() < limit, `${id} is not ${wanted} after ${LIMIT_MS} ms but ${JSON.stringify(seen["State"])}`);
      await setTimeout(5);
    }
  }
}

export const refuses = (work: Promise<unknown>, code: string, message = /^/): Promise<void> =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof CloudError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
