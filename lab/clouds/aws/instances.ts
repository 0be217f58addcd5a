import { setTimeout as delay } from "node:timers/promises";
import { CloudError, type Machines } from "../contract";
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

/** Instances and the lab hosts that they run on. */
export class Instances {
  /** The next instance stays pending for so long. */
  nextBootDelayMs = 0;
  /** The next instance runs, and its machine never boots. */
  isNextDead = false;
  private machineNumber = 0;
  private readonly launches = new Map<string, Instance>();

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
      ...{ id, ...place, ...outside, interfaceId, volumeId, zone: subnet.zone, ...(machine === undefined ? {} : { machine }) },
      ...{ imageId: image.id, rootDeviceName: image.rootDeviceName, type: type.name, vcpus: type.vcpus, isSpot: launch.isSpot },
      ...{ metadataOptions: launch.metadata, launchedAt: new Date().toISOString(), tags: launch.tags },
      ...{ state: "pending", isPropagated: false, isProtected: launch.isProtected },
    };
    state.instances.set(id, instance);
    const spec = {
      ...{ cloud: "aws" as const, privateAddress: privateIp, prefixLength: parseCidr(subnet.cidr)?.prefix ?? 24, firewall },
      ...{ userData: launch.userData, instanceId: id, region: state.region, zone: subnet.zone, metadataHopLimit: launch.hopLimit },
      ...(publicIp === undefined ? {} : { publicAddress: publicIp }),
    };
    const bootDelayMs = this.nextBootDelayMs;
    this.nextBootDelayMs = 0;
    instance.boot = this.boot(state, instance, bootDelayMs, async () => {
      const shutIn = hasWayOut(state, subnet, publicIp) ? {} : { isShutIn: true as const };
      if (machine !== undefined) await this.machines.create({ name: machine, ...spec, ...shutIn });
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

  /** Takes its power and its public address (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-ec2-instance-stop-start-works.html); the lab starts it no more. */
  async stop(state: RegionState, instance: Instance): Promise<void> {
    await instance.boot;
    if (instance.state !== "running") {
      throw new CloudError("IncorrectInstanceState", `This instance '${instance.id}' is not in a state from which it can be stopped.`);
    }
    if (instance.machine !== undefined) await this.machines.destroy(instance.machine);
    if (instance.publicIp !== undefined) this.publicAddresses.giveBack(instance.publicIp);
    delete instance.publicIp;
    delete find(state, "interfaces", instance.interfaceId).publicIp;
    instance.state = "stopped";
    instance.stateReason = BY_USER;
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
    const limit = Date.now() - TERMINATED_SHOWN_MS;
    for (const { id, terminatedAt } of state.instances.values()) {
      if (terminatedAt !== undefined && terminatedAt < limit) state.instances.delete(id);
    }
    return [...state.instances.values()];
  }
}
