import { setTimeout as delay } from "node:timers/promises";
import { CloudError, type MachineSpec, type Machines } from "../contract";
import { parseCidr } from "./cidr";
import { assertLetsOut, firewallOf } from "./firewall";
import type { Images } from "./images";
import type { Parameters } from "./parameters";
import { freePrivateAddress } from "./private-addresses";
import type { PublicAddresses } from "./public-addresses";
import type { Quotas } from "./quotas";
import { type Launch, readLaunch } from "./read-launch";
import { type Instance, type RegionState, find, newId } from "./region-state";
import { hasWayOut } from "./way-out";

/** EC2 shows terminated instances for about an hour; here long enough for whoever waits for them. */
const TERMINATED_SHOWN_MS = 300_000;

const INTERRUPTED = { Code: "Server.SpotInstanceTermination", Message: "Server.SpotInstanceTermination: Spot instance termination" };
const BY_USER = { Code: "Client.UserInitiatedShutdown", Message: "Client.UserInitiatedShutdown: User initiated shutdown" };
const BY_ITSELF = {
  Code: "Client.InstanceInitiatedShutdown",
  Message: "Client.InstanceInitiatedShutdown: Instance initiated shutdown",
};

/** Instances and the lab hosts that they run on. */
export class Instances {
  /** The next instance stays pending for so long. */
  nextBootDelayMs = 0;
  /** The next instance runs, and its machine never boots. */
  isNextDead = false;
  private machineNumber = 0;
  private readonly launches = new Map<string, Instance>();
  /** What a stopped instance gets power with again, by its id. */
  private readonly specs = new Map<string, MachineSpec>();

  constructor(
    private readonly machines: Machines,
    private readonly images: Images,
    private readonly quotas: Quotas,
    private readonly publicAddresses: PublicAddresses,
  ) {}

  run(state: RegionState, parameters: Parameters): Instance {
    const token = parameters.optionalText("ClientToken");
    // https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    const earlier = token === undefined ? undefined : this.launches.get(`${state.region} ${token}`);
    if (earlier !== undefined) return earlier;
    if (parameters.optionalNumber("MinCount") !== 1 || parameters.optionalNumber("MaxCount") !== 1) {
      throw new CloudError("InvalidParameterValue", "the lab launches instances one by one: MinCount and MaxCount must be 1");
    }
    const instance = this.launch(state, readLaunch(state, parameters, this.images, this.quotas));
    if (token !== undefined) this.launches.set(`${state.region} ${token}`, instance);
    return instance;
  }

  private launch(state: RegionState, launch: Launch): Instance {
    const { image, type, subnet, groupIds } = launch;
    const firewall = firewallOf(state, groupIds);
    assertLetsOut(state, groupIds);
    const privateIp = freePrivateAddress(state, subnet, launch.privateIp);
    const publicIp = launch.wantsPublicIp ? this.publicAddresses.take("InsufficientAddressCapacity") : undefined;
    const outside = publicIp === undefined ? {} : { publicIp };
    const [id, interfaceId, volumeId] = [newId("i"), newId("eni"), newId("vol")];
    const place = { subnetId: subnet.id, vpcId: subnet.vpcId, privateIp };
    state.interfaces.set(interfaceId, { id: interfaceId, ...place, ...outside, groupIds, tags: {} });
    const { sizeGib, type: volumeType, isEncrypted } = launch.disk;
    const volume = { id: volumeId, instanceId: id, sizeGib, type: volumeType, isEncrypted, zone: subnet.zone };
    state.volumes.set(volumeId, { ...volume, tags: launch.volumeTags });
    const machine = this.isNextDead ? undefined : `aws${++this.machineNumber}`;
    this.isNextDead = false;
    const instance: Instance = {
      ...{ lendsAddress: launch.wantsPublicIp },
      ...{ id, ...place, ...outside, interfaceId, volumeId, zone: subnet.zone, ...(machine === undefined ? {} : { machine }) },
      ...{ imageId: image.id, rootDeviceName: image.rootDeviceName, type: type.name, vcpus: type.vcpus, isSpot: launch.isSpot },
      ...{ metadataOptions: launch.metadata, launchedAt: new Date().toISOString(), tags: launch.tags },
      ...{ state: "pending", isPropagated: false, isProtected: launch.isProtected, atPowerOff: launch.atPowerOff },
    };
    state.instances.set(id, instance);
    const spec = {
      ...{ cloud: "aws" as const, privateAddress: privateIp, prefixLength: parseCidr(subnet.cidr)?.prefix ?? 24, firewall },
      ...{ userData: launch.userData, instanceId: id, region: state.region, zone: subnet.zone, metadataHopLimit: launch.hopLimit },
    };
    const bootDelayMs = this.nextBootDelayMs;
    this.nextBootDelayMs = 0;
    instance.boot = this.boot(state, instance, bootDelayMs, async () => {
      const shutIn = hasWayOut(state, subnet, publicIp) ? {} : { isShutIn: true as const };
      if (machine === undefined) return;
      const lasting = { name: machine, ...spec, ...shutIn };
      this.specs.set(id, lasting);
      await this.machines.create({ ...lasting, ...addressed(publicIp) });
    });
    return instance;
  }

  private async boot(state: RegionState, instance: Instance, delayMs: number, power: () => Promise<void>): Promise<void> {
    try {
      await delay(delayMs, undefined, { ref: false });
      if (instance.state !== "pending") return;
      await power();
      if (instance.state === "pending") instance.state = "running";
    } catch (error) {
      // A launch that failed behind its answer ends terminated (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html).
      instance.stateReason = { Code: "Server.InternalError", Message: `Server.InternalError: ${(error as Error).message}` };
      if (instance.state === "pending") void this.terminate(state, instance, instance.stateReason);
    }
  }

  /** Resolves when nothing of it is left; the answer to TerminateInstances does not wait for that. */
  terminate(state: RegionState, instance: Instance, reason = BY_USER): Promise<void> {
    if (instance.state === "terminated") return Promise.resolve();
    if (instance.termination !== undefined) return instance.termination;
    instance.state = "shutting-down";
    instance.stateReason = reason;
    instance.termination = this.destroy(state, instance).catch((error: unknown) => {
      // The next request tries again.
      delete instance.termination;
      throw error;
    });
    instance.termination.catch(() => undefined);
    return instance.termination;
  }

  interrupt(state: RegionState, instance: Instance): Promise<void> {
    if (!instance.isSpot) throw new CloudError("InvalidParameterValue", `${instance.id} is not a spot instance`);
    return this.terminate(state, instance, INTERRUPTED);
  }

  /** Takes its power and its public address (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-ec2-instance-stop-start-works.html). Resolves when it is stopped. */
  stop(state: RegionState, instance: Instance, reason = BY_USER): Promise<void> {
    if (instance.isSpot) {
      const why = `You can't stop the Spot Instance '${instance.id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.`;
      throw new CloudError("UnsupportedOperation", why);
    }
    if (instance.state !== "running" && instance.state !== "stopping" && instance.state !== "stopped") {
      throw new CloudError("IncorrectInstanceState", `This instance '${instance.id}' is not in a state from which it can be stopped.`);
    }
    if (instance.state === "running") {
      instance.state = "stopping";
      instance.stateReason = reason;
      instance.stopping = this.takePower(state, instance);
    }
    return instance.stopping ?? Promise.resolve();
  }

  private async takePower(state: RegionState, instance: Instance): Promise<void> {
    if (instance.machine !== undefined) await this.machines.stop(instance.machine);
    // Terminated meanwhile: its end takes the rest.
    if (instance.state !== "stopping") return;
    if (instance.publicIp !== undefined) this.publicAddresses.giveBack(instance.publicIp);
    delete instance.publicIp;
    delete find(state, "interfaces", instance.interfaceId).publicIp;
    instance.state = "stopped";
  }

  /** Gives it power again, and another public address where it had one. It is pending at once; resolves when it runs. */
  start(state: RegionState, instance: Instance): Promise<void> {
    if (instance.state === "running" || instance.state === "pending") return instance.boot ?? Promise.resolve();
    if (instance.state !== "stopped") {
      throw new CloudError("IncorrectInstanceState", `The instance '${instance.id}' is not in a state from which it can be started.`);
    }
    const network = find(state, "interfaces", instance.interfaceId);
    const outside: { publicIp?: string } = instance.lendsAddress
      ? { publicIp: this.publicAddresses.take("InsufficientAddressCapacity") }
      : {};
    Object.assign(instance, outside);
    Object.assign(network, outside);
    instance.state = "pending";
    delete instance.stateReason;
    const spec = this.specs.get(instance.id);
    instance.boot = this.boot(state, instance, 0, async () => {
      if (spec === undefined) return;
      await this.machines.start({ ...spec, ...addressed(outside.publicIp), firewall: firewallOf(state, network.groupIds) });
    });
    return instance.boot;
  }

  /** EC2 sees that a system has powered its machine off, and does what the instance was launched with. */
  private noticePowerOffs(state: RegionState): void {
    for (const instance of state.instances.values()) {
      const { machine } = instance;
      if (instance.state !== "running" || machine === undefined || !this.machines.hasPoweredOff(machine)) continue;
      if (instance.atPowerOff === "terminate" || instance.isSpot) void this.terminate(state, instance, BY_ITSELF);
      else void this.stop(state, instance, BY_ITSELF);
    }
  }

  private async destroy(state: RegionState, instance: Instance): Promise<void> {
    // Never inside the caller's own turn: the failed boot that calls this is what is waited for below.
    await delay(0);
    await instance.boot;
    if (instance.machine !== undefined) await this.machines.destroy(instance.machine);
    state.interfaces.delete(instance.interfaceId);
    state.volumes.delete(instance.volumeId);
    if (instance.publicIp !== undefined) this.publicAddresses.giveBack(instance.publicIp);
    instance.state = "terminated";
    instance.terminatedAt = Date.now();
  }

  async setGroups(state: RegionState, instance: Instance, groupIds: readonly string[]): Promise<void> {
    firewallOf(state, groupIds);
    assertLetsOut(state, groupIds);
    find(state, "interfaces", instance.interfaceId).groupIds = groupIds;
    await this.applyFirewall(state, instance);
  }

  /** Rules apply to the instances of a group at once. */
  async groupChanged(state: RegionState, groupId: string): Promise<void> {
    const members = [...state.instances.values()].filter((one) => state.interfaces.get(one.interfaceId)?.groupIds.includes(groupId));
    await Promise.all(members.map((member) => this.applyFirewall(state, member)));
  }

  private async applyFirewall(state: RegionState, { machine, interfaceId, boot }: Instance): Promise<void> {
    await boot;
    const network = state.interfaces.get(interfaceId);
    if (machine !== undefined && network !== undefined) await this.machines.setFirewall(machine, firewallOf(state, network.groupIds));
  }

  /** Those that EC2 still shows. */
  shown(state: RegionState): readonly Instance[] {
    this.noticePowerOffs(state);
    const limit = Date.now() - TERMINATED_SHOWN_MS;
    for (const { id, terminatedAt } of state.instances.values()) {
      if (terminatedAt !== undefined && terminatedAt < limit) state.instances.delete(id);
    }
    return [...state.instances.values()];
  }
}

const addressed = (publicAddress: string | undefined) => (publicAddress === undefined ? {} : { publicAddress });
