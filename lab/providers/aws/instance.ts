import { ResourceInitFailed } from "../plugin/init-failed";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, type Value, isProperties, textOf } from "../plugin/property-values";
import type { AwsResource, Change, Task } from "./aws-resource";
import { type Ec2, during, unlessNotFound } from "./ec2";
import { checkInstance } from "./instance-checks";
import { type ApiInstance, describeInstance, runInstance } from "./run-instance";
import { type ApiTag, fromApi, updateTags } from "./tags";
import { type Wait, waitFor } from "./wait";

const REPLACES = [
  ...[
    "ami",
    "associatePublicIpAddress",
    "availabilityZone",
    "cpuOptions",
    "ebsOptimized",
    "hibernation",
    "hostId",
    "instanceMarketOptions",
  ],
  ...["ipv6AddressCount", "ipv6Addresses", "keyName", "launchTemplate", "placementGroup", "placementPartitionNumber"],
  ...["privateDnsNameOptions", "privateIp", "securityGroups", "subnetId", "tenancy"],
];

const COMPUTED = [
  ...["arn", "publicIp", "publicDns", "privateIp", "privateDns", "availabilityZone", "instanceState", "primaryNetworkInterfaceId"],
  ...["subnetId", "vpcSecurityGroupIds", "associatePublicIpAddress", "instanceLifecycle", "rootBlockDevice"],
];

/** State alone: they tell what a later change or deletion does. */
const IN_STATE_ONLY = ["userDataReplaceOnChange", "forceDestroy", "getPasswordData", "volumeTags"];

/** aws:ec2/instance:Instance (hashicorp/terraform-provider-aws: internal/service/ec2/ec2_instance.go). */
export const instanceResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: REPLACES,
  sets: ["vpcSecurityGroupIds"],
  // Of a stopped instance the provider reads that it was to have no public address (hashicorp/terraform-provider-aws#33775).
  drifts: ["vpcSecurityGroupIds", "associatePublicIpAddress", "instanceType", "rootBlockDevice"],
  computed: COMPUTED,
  defaults: { sourceDestCheck: true, getPasswordData: false, userDataReplaceOnChange: false, forceDestroy: false },
  // Ten minutes to run, twenty to terminate.
  limitMs: 600_000,
  check: checkInstance,
  alsoReplaces: (olds, news) => [
    ...(news["userDataReplaceOnChange"] === true ? ["userData", "userDataBase64"] : []),
    ...(isSameDisk(olds["rootBlockDevice"], news["rootBlockDevice"]) ? [] : ["rootBlockDevice"]),
  ],
  create: async (task) => {
    const id = await during("creating EC2 Instance", () => runInstance(task));
    try {
      await untilRunning(id, task.ec2, task.wait);
    } catch (error) {
      // Terraform would taint it; the engine keeps the id and looks again at the next up.
      const state = { ...task.inputs, ...(await readInstance(id, task.ec2).catch(() => undefined)) };
      throw new ResourceInitFailed(id, state, `waiting for EC2 Instance (${id}) create: ${(error as Error).message}`, task.inputs);
    }
    return id;
  },
  read: readInstance,
  update: updateInstance,
  delete: deleteInstance,
});

/** ForceNew inside of rootBlockDevice: encryption and its key; size and type are changed on the running volume. */
function isSameDisk(one: Value | undefined, other: Value | undefined): boolean {
  const [before, after] = [one, other].map((value) => (isProperties(value) ? value : {}));
  return ["encrypted", "kmsKeyId"].every((name) => (before?.[name] ?? "") === (after?.[name] ?? before?.[name] ?? ""));
}

async function untilRunning(id: string, ec2: Ec2, wait: Wait): Promise<ApiInstance> {
  let seen = "not found yet";
  const running = async (): Promise<ApiInstance | undefined> => {
    const found = await describeInstance(ec2, id);
    seen = found?.State.Name ?? seen;
    if (seen === "running") return found;
    if (seen === "shutting-down" || seen === "terminated") {
      throw new Error(`unexpected state '${seen}', wanted target 'running'. last error: ${found?.StateReason?.Message ?? "none"}`);
    }
    return undefined;
  };
  return waitFor(wait, running, () => `state '${seen}', wanted target 'running'`);
}

/** A terminated instance is gone; one that is shutting down is not yet (FindInstanceByID). */
async function readInstance(id: string, ec2: Ec2, state: Properties = {}): Promise<Properties | undefined> {
  const found = await describeInstance(ec2, id);
  if (found === undefined || found.State.Name === "terminated") return undefined;
  const { PublicIpAddress = "", PrivateIpAddress = "", SubnetId = "" } = found;
  return {
    arn: `arn:aws:ec2:${ec2.region}:000000000000:instance/${id}`,
    ami: found.ImageId,
    instanceType: found.InstanceType,
    availabilityZone: found.Placement.AvailabilityZone,
    instanceState: found.State.Name,
    instanceLifecycle: found.InstanceLifecycle ?? "",
    publicIp: PublicIpAddress,
    publicDns: "",
    privateIp: PrivateIpAddress,
    privateDns: PrivateIpAddress === "" ? "" : `ip-${PrivateIpAddress.replaceAll(".", "-")}.${ec2.region}.compute.internal`,
    // A pending one does not show the address that it has.
    associatePublicIpAddress: PublicIpAddress !== "" || (found.State.Name === "pending" && state["associatePublicIpAddress"] === true),
    primaryNetworkInterfaceId: found.NetworkInterfaces[0]?.NetworkInterfaceId ?? "",
    subnetId: SubnetId,
    vpcSecurityGroupIds: found.SecurityGroups.map(({ GroupId }) => GroupId),
    rootBlockDevice: await readDisk(found, ec2, isProperties(state["volumeTags"])),
    ...fromApi(found.Tags),
  };
}

/** With whoever's tags, unless `volumeTags` manages those of all volumes (readBlockDevicesFromInstance). */
async function readDisk({ BlockDeviceMappings: [device] }: ApiInstance, ec2: Ec2, isTaggedApart: boolean): Promise<Properties> {
  if (device === undefined) return {};
  const volumeId = device.Ebs.VolumeId;
  type Answer = { Volumes: readonly { Size: number; VolumeType: string; Encrypted: boolean; Tags: readonly ApiTag[] }[] };
  const volume = (await unlessNotFound(() => ec2.call<Answer>("DescribeVolumes", { VolumeIds: [volumeId] })))?.Volumes[0];
  const disk = { deviceName: device.DeviceName, volumeId, deleteOnTermination: true };
  if (volume === undefined) return disk;
  const { tags } = fromApi(volume.Tags);
  const read = { ...disk, volumeSize: volume.Size, volumeType: volume.VolumeType, encrypted: volume.Encrypted };
  return isTaggedApart || tags === undefined ? read : { ...read, tags };
}

async function updateInstance({ ec2, id, inputs, olds, changed, wait }: Change): Promise<void> {
  const inPlace = changed.filter((name) => inputs[name] !== undefined && !IN_STATE_ONLY.includes(name) && !REPLACES.includes(name));
  for (const name of inPlace) {
    await during(`updating EC2 Instance (${id}) ${name}`, () => updateInput(ec2, id, name, inputs, olds, wait));
  }
}

async function updateInput(ec2: Ec2, id: string, name: string, inputs: Properties, olds: Properties, wait: Wait): Promise<void> {
  switch (name) {
    case "vpcSecurityGroupIds":
      await ec2.call("ModifyInstanceAttribute", { InstanceId: id, Groups: inputs[name] });
      return;
    case "rootBlockDevice": {
      const [before, after] = [olds[name], inputs[name]].map((value) => (isProperties(value) ? value : {}));
      if (after?.["tags"] !== undefined) await updateTags(ec2, textOf(before ?? {}, "volumeId"), before?.["tags"], after["tags"]);
      const [size, type] = [after?.["volumeSize"], after?.["volumeType"]];
      if ((size ?? before?.["volumeSize"]) === before?.["volumeSize"] && (type ?? before?.["volumeType"]) === before?.["volumeType"])
        return;
      await ec2.call("ModifyVolume", { VolumeId: before?.["volumeId"], Size: size, VolumeType: type });
      return;
    }
    case "disableApiTermination":
      await ec2.call("ModifyInstanceAttribute", { InstanceId: id, DisableApiTermination: { Value: inputs[name] } });
      return;
    case "instanceInitiatedShutdownBehavior":
      await ec2.call("ModifyInstanceAttribute", { InstanceId: id, InstanceInitiatedShutdownBehavior: { Value: inputs[name] } });
      return;
    case "instanceType":
      await whileStopped(ec2, id, wait, () =>
        ec2.call("ModifyInstanceAttribute", { InstanceId: id, InstanceType: { Value: inputs[name] } }),
      );
      return;
    default:
      throw new Error("changing it in place is not available in this stand-in for the aws provider");
  }
}

/** modifyInstanceAttributeWithStopStart: it runs afterwards, whether it did before or not. */
async function whileStopped(ec2: Ec2, id: string, wait: Wait, change: () => Promise<unknown>): Promise<void> {
  await ec2.call("StopInstances", { InstanceIds: [id] });
  let seen = "stopping";
  const stopped = async (): Promise<true | undefined> => {
    seen = (await describeInstance(ec2, id))?.State.Name ?? "not found";
    return seen === "stopped" ? true : undefined;
  };
  await waitFor(wait, stopped, () => `state '${seen}', wanted target 'stopped'`);
  await change();
  await ec2.call("StartInstances", { InstanceIds: [id] });
  await untilRunning(id, ec2, wait);
}

/** Termination protection is taken off only where the state has `forceDestroy`. */
async function deleteInstance(id: string, { ec2, inputs, wait }: Task): Promise<void> {
  if (inputs["forceDestroy"] === true && inputs["disableApiTermination"] === true) {
    const off = { InstanceId: id, DisableApiTermination: { Value: false } };
    await during(`updating EC2 Instance (${id})`, () => unlessNotFound(() => ec2.call("ModifyInstanceAttribute", off)));
  }
  const asked = await during(`terminating EC2 Instance (${id})`, () =>
    unlessNotFound(() => ec2.call("TerminateInstances", { InstanceIds: [id] })),
  );
  if (asked === undefined) return;
  let seen = "shutting-down";
  const terminated = async (): Promise<true | undefined> => {
    seen = (await describeInstance(ec2, id))?.State.Name ?? "terminated";
    return seen === "terminated" ? true : undefined;
  };
  await during(`waiting for EC2 Instance (${id}) delete`, () =>
    waitFor({ ...wait, limitMs: 2 * wait.limitMs }, terminated, () => `state '${seen}', wanted target 'terminated'`),
  );
}
