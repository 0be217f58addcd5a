import { type CloudAction, CloudError } from "../contract";
import { select, toTags } from "./describe";
import type { Instances } from "./instances";
import { instanceType } from "./instance-types";
import { type Parameters, action } from "./parameters";
import { RUN_INSTANCES, readShutdownBehavior } from "./read-launch";
import { type Instance, type RegionState, find, notFound } from "./region-state";

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html */
const STATE_CODES = { pending: 0, running: 16, "shutting-down": 32, terminated: 48, stopping: 64, stopped: 80 } as const;

const MODIFY_INSTANCE = ["InstanceId", "Groups", "InstanceType", "UserData", "DisableApiTermination", "InstanceInitiatedShutdownBehavior"];

export function instanceActions(stateOf: (region: string) => RegionState, instances: Instances): Record<string, CloudAction> {
  return {
    RunInstances: action(RUN_INSTANCES, stateOf, (state, parameters) => ({
      Instances: [renderInstance(state, instances.run(state, parameters))],
    })),
    DescribeInstances: action(["InstanceIds", "Filters"], stateOf, (state, parameters) => {
      const ids = parameters.texts("InstanceIds");
      const shown = instances.shown(state);
      assertPropagated(shown, ids);
      const found = select(
        state,
        "instances",
        ids,
        parameters,
        {
          "instance-id": ({ id }) => [id],
          "instance-state-name": (instance) => [instance.state],
          "subnet-id": ({ subnetId }) => [subnetId],
          "vpc-id": ({ vpcId }) => [vpcId],
        },
        shown,
      );
      return { Reservations: found.map((instance) => ({ Instances: [renderInstance(state, instance)] })) };
    }),
    TerminateInstances: action(["InstanceIds"], stateOf, (state, parameters) => ({
      TerminatingInstances: changeAll(state, parameters, (instance) => {
        if (instance.isProtected && instance.state !== "terminated") {
          const reason = `The instance '${instance.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`;
          throw new CloudError("OperationNotPermitted", reason);
        }
        return instances.terminate(state, instance);
      }),
    })),
    StopInstances: action(["InstanceIds", "Force"], stateOf, (state, parameters) => ({
      StoppingInstances: changeAll(state, parameters, (instance) => instances.stop(state, instance)),
    })),
    StartInstances: action(["InstanceIds"], stateOf, (state, parameters) => ({
      StartingInstances: changeAll(state, parameters, (instance) => instances.start(state, instance)),
    })),
    ModifyInstanceAttribute: action(MODIFY_INSTANCE, stateOf, async (state, parameters) => {
      const instance = find(state, "instances", parameters.text("InstanceId"));
      const protect = parameters.structure("DisableApiTermination", ["Value"])?.optionalFlag("Value");
      if (protect !== undefined) {
        instance.isProtected = protect;
        return {};
      }
      const behavior = parameters.structure("InstanceInitiatedShutdownBehavior", ["Value"])?.text("Value");
      if (behavior !== undefined) {
        instance.atPowerOff = readShutdownBehavior(behavior);
        return {};
      }
      const type = parameters.structure("InstanceType", ["Value"])?.text("Value");
      if (type !== undefined && instance.state === "stopped") {
        const { name, vcpus } = instanceType(type);
        Object.assign(instance, { type: name, vcpus });
        return {};
      }
      const groups = parameters.texts("Groups");
      if (groups.length === 0) {
        throw new CloudError("IncorrectInstanceState", `The instance '${instance.id}' is not in the 'stopped' state.`);
      }
      if (instance.state !== "running" && instance.state !== "pending") {
        throw new CloudError("IncorrectInstanceState", `The instance '${instance.id}' is not in a state from which it can be modified.`);
      }
      await instances.setGroups(state, instance, groups);
      return {};
    }),
  };
}

/** The answer does not wait for the end of what it starts. */
function changeAll(state: RegionState, parameters: Parameters, change: (instance: Instance) => Promise<void>) {
  return parameters
    .texts("InstanceIds")
    .map((id) => find(state, "instances", id))
    .map((instance) => {
      const PreviousState = renderState(instance);
      change(instance).catch((error: unknown) => console.error(`${instance.id}:`, error));
      return { InstanceId: instance.id, PreviousState, CurrentState: renderState(instance) };
    });
}

/** The API is eventually consistent (https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html): here the first look is always too early. */
function assertPropagated(shown: readonly Instance[], ids: readonly string[]): void {
  const early = shown.filter(({ id, isPropagated }) => !isPropagated && ids.includes(id));
  for (const instance of early) instance.isPropagated = true;
  const [first] = early;
  if (first !== undefined) throw notFound("instances", first.id);
}

const renderState = ({ state }: Instance) => ({ Code: STATE_CODES[state], Name: state });

function renderInstance(state: RegionState, instance: Instance) {
  const network = state.interfaces.get(instance.interfaceId);
  const groups = network?.groupIds.map((GroupId) => ({ GroupId, GroupName: state.groups.get(GroupId)?.name })) ?? [];
  // It has its public address from the launch on, and shows it when it runs.
  const outside = instance.state === "running" && instance.publicIp !== undefined ? { PublicIpAddress: instance.publicIp } : {};
  const place = { SubnetId: instance.subnetId, VpcId: instance.vpcId, PrivateIpAddress: instance.privateIp };
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    InstanceType: instance.type,
    State: renderState(instance),
    ...(instance.stateReason === undefined ? {} : { StateReason: instance.stateReason }),
    ...(network === undefined ? {} : { ...place, ...outside }),
    Placement: { AvailabilityZone: instance.zone, Tenancy: "default" },
    NetworkInterfaces:
      network === undefined ? [] : [{ NetworkInterfaceId: network.id, PrivateIpAddress: network.privateIp, Groups: groups }],
    SecurityGroups: groups,
    RootDeviceName: instance.rootDeviceName,
    BlockDeviceMappings: state.volumes.has(instance.volumeId)
      ? [{ DeviceName: instance.rootDeviceName, Ebs: { VolumeId: instance.volumeId, DeleteOnTermination: true } }]
      : [],
    ...(instance.isSpot ? { InstanceLifecycle: "spot" } : {}),
    MetadataOptions: instance.metadataOptions,
    LaunchTime: instance.launchedAt,
    Tags: toTags(instance.tags),
  };
}
