import { randomUUID } from "node:crypto";
import { type Properties, type Value, isProperties, textOf } from "../plugin/property-values";
import type { Task } from "./aws-resource";
import { ApiError, type Ec2, unlessNotFound } from "./ec2";
import { type ApiTag, tagSpecifications } from "./tags";

export interface ApiInstance {
  readonly InstanceId: string;
  readonly ImageId: string;
  readonly InstanceType: string;
  readonly State: { readonly Name: string };
  readonly StateReason?: { readonly Message: string };
  readonly PrivateIpAddress?: string;
  readonly PublicIpAddress?: string;
  readonly SubnetId?: string;
  readonly Placement: { readonly AvailabilityZone: string };
  readonly NetworkInterfaces: readonly { readonly NetworkInterfaceId: string }[];
  readonly SecurityGroups: readonly { readonly GroupId: string }[];
  readonly BlockDeviceMappings: readonly { readonly DeviceName: string; readonly Ebs: { readonly VolumeId: string } }[];
  readonly InstanceLifecycle?: string;
  readonly Tags: readonly ApiTag[];
}

export async function describeInstance(ec2: Ec2, id: string): Promise<ApiInstance | undefined> {
  const answer = await unlessNotFound(() =>
    ec2.call<{ Reservations: readonly { readonly Instances: readonly ApiInstance[] }[] }>("DescribeInstances", { InstanceIds: [id] }),
  );
  return answer?.Reservations[0]?.Instances[0];
}

/** The instance's id as soon as there is one. */
export async function runInstance({ ec2, inputs }: Task): Promise<string> {
  const parameters = {
    ImageId: inputs["ami"],
    InstanceType: inputs["instanceType"],
    MinCount: 1,
    MaxCount: 1,
    ClientToken: randomUUID(),
    ...network(inputs),
    ...placement(inputs),
    KeyName: inputs["keyName"],
    InstanceInitiatedShutdownBehavior: inputs["instanceInitiatedShutdownBehavior"],
    DisableApiTermination: inputs["disableApiTermination"],
    UserData: inputs["userDataBase64"] ?? Buffer.from(textOf(inputs, "userData")).toString("base64"),
    ...(await rootDisk(ec2, inputs)),
    ...section(inputs, "metadataOptions", "MetadataOptions", {
      httpTokens: "HttpTokens",
      httpEndpoint: "HttpEndpoint",
      httpPutResponseHopLimit: "HttpPutResponseHopLimit",
    }),
    ...market(inputs),
    TagSpecifications: [
      ...listIn(tagSpecifications("instance", inputs["tags"])),
      ...listIn(tagSpecifications("volume", inputs["volumeTags"] ?? objectIn(inputs, "rootBlockDevice")["tags"])),
    ],
  };
  const { Instances } = await ec2.call<{ Instances: readonly ApiInstance[] }>("RunInstances", parameters);
  const [instance] = Instances;
  if (instance === undefined) throw new ApiError("InternalError", "RunInstances answered without an instance");
  return instance.InstanceId;
}

const objectIn = (inputs: Properties, name: string): Properties => {
  const value = inputs[name];
  return isProperties(value) ? value : {};
};

const listIn = ({ TagSpecifications = [] }: Properties): readonly Value[] => TagSpecifications as readonly Value[];

/** With the flag set either way the provider describes the interface; without, the subnet decides (buildNetworkInterfaceOpts). */
function network(inputs: Properties): Properties {
  const [subnet, groups, address] = [inputs["subnetId"], inputs["vpcSecurityGroupIds"], inputs["privateIp"]];
  const flag = inputs["associatePublicIpAddress"];
  const given = (name: string, value: Value | undefined): Properties => (value === undefined ? {} : { [name]: value });
  if (flag === undefined) {
    return { ...given("SubnetId", subnet), ...given("SecurityGroupIds", groups), ...given("PrivateIpAddress", address) };
  }
  const rest = { ...given("SubnetId", subnet), ...given("Groups", groups), ...given("PrivateIpAddress", address) };
  return { NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: flag, DeleteOnTermination: true, ...rest }] };
}

function placement(inputs: Properties): Properties {
  const zone = inputs["availabilityZone"];
  return zone === undefined ? {} : { Placement: { AvailabilityZone: zone } };
}

/** The device's name is the image's. */
async function rootDisk(ec2: Ec2, inputs: Properties): Promise<Properties> {
  const device = objectIn(inputs, "rootBlockDevice");
  const { Images } = await ec2.call<{ Images: readonly { RootDeviceName: string }[] }>("DescribeImages", { ImageIds: [inputs["ami"]] });
  const names = {
    volumeSize: "VolumeSize",
    volumeType: "VolumeType",
    encrypted: "Encrypted",
    kmsKeyId: "KmsKeyId",
    iops: "Iops",
    throughput: "Throughput",
  };
  if (Object.keys(device).length === 0) return {};
  const ebs = { DeleteOnTermination: device["deleteOnTermination"] ?? true, ...renamed(device, names) };
  return { BlockDeviceMappings: [{ DeviceName: Images[0]?.RootDeviceName ?? "", Ebs: ebs }] };
}

function market(inputs: Properties): Properties {
  const options = objectIn(inputs, "instanceMarketOptions");
  if (Object.keys(options).length === 0) return {};
  const spot = renamed(objectIn(options, "spotOptions"), {
    maxPrice: "MaxPrice",
    spotInstanceType: "SpotInstanceType",
    instanceInterruptionBehavior: "InstanceInterruptionBehavior",
    validUntil: "ValidUntil",
  });
  const details = Object.keys(spot).length === 0 ? {} : { SpotOptions: spot };
  return { InstanceMarketOptions: { MarketType: options["marketType"] ?? "spot", ...details } };
}

function section(inputs: Properties, input: string, parameter: string, names: Readonly<Record<string, string>>): Properties {
  const values = renamed(objectIn(inputs, input), names);
  return Object.keys(values).length === 0 ? {} : { [parameter]: values };
}

const renamed = (values: Properties, names: Readonly<Record<string, string>>): Properties =>
  Object.fromEntries(
    Object.entries(names).flatMap(([from, to]) => {
      const value = values[from];
      return value === undefined ? [] : [[to, value]];
    }),
  );
