import { CloudVm } from "../../hosts/cloud-vm";
import type { Namespaces } from "../../hosts/namespaces";
import type { CloudName, FirewallRule, MachineSpec, Machines } from "../contract";
import { CloudRouter } from "./cloud-router";
import { serveMetadata, serveWireServer } from "./metadata/metadata-service";
import { writeVmFiles } from "./vm-files";

const cloudNames = ["aws", "azure"] as const;

/** An interface's name holds 15 characters (if_nametoindex(3)), of which ".eth0" takes 5; `tailscaled` and others add none. */
const LONGEST_NAME = 8;

/** The clouds' machines as lab hosts. */
export class LabMachines implements Machines {
  private readonly specs = new Map<string, MachineSpec>();
  /** The last thing under way for each machine: creating and destroying wait for each other. */
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly routers: Readonly<Record<CloudName, CloudRouter>>;

  private constructor(
    private readonly namespaces: Namespaces,
    private readonly cloudImage: string,
  ) {
    const router = (cloud: CloudName) => new CloudRouter(cloud, namespaces, cloudImage);
    this.routers = { aws: router("aws"), azure: router("azure") };
  }

  /** Serves the clouds' metadata, and knows no machine yet. */
  static async open(namespaces: Namespaces, cloudImage: string): Promise<LabMachines> {
    const machines = new LabMachines(namespaces, cloudImage);
    await Promise.all([
      ...cloudNames.map(async (cloud) => {
        await machines.writeRules(cloud);
        await serveMetadata(namespaces, cloud, (address) => machines.inCloud(cloud).find((spec) => spec.privateAddress === address));
      }),
      serveWireServer(namespaces),
    ]);
    return machines;
  }

  create(spec: MachineSpec): Promise<void> {
    if (spec.name.length > LONGEST_NAME) throw new Error(`the lab host ${spec.name} has a name of more than ${LONGEST_NAME} characters`);
    return this.inTurn(spec.name, async () => {
      if (!this.specs.has(spec.name)) await this.givePower(spec);
    });
  }

  start(spec: MachineSpec): Promise<void> {
    return this.inTurn(spec.name, async () => {
      const before = this.specs.get(spec.name);
      if (before === undefined || this.isOn(spec.name)) return;
      // One that powered itself off still has its address.
      if (before.publicAddress !== spec.publicAddress) await this.routers[spec.cloud].forget(before);
      await this.givePower(spec);
    });
  }

  private async givePower(spec: MachineSpec): Promise<void> {
    this.specs.set(spec.name, spec);
    if (spec.publicAddress !== undefined) await this.routers[spec.cloud].addPublicAddress(spec.publicAddress);
    await this.writeRules(spec.cloud);
    await this.vm(spec).start(this.cloudImage, writeVmFiles(spec));
  }

  stop(name: string): Promise<void> {
    return this.inTurn(name, async () => {
      const spec = this.specs.get(name);
      if (spec === undefined) return;
      await this.vm(spec).stop();
      const kept: { publicAddress?: string } & MachineSpec = { ...spec };
      delete kept.publicAddress;
      this.specs.set(name, kept);
      await this.writeRules(spec.cloud);
      await this.routers[spec.cloud].forget(spec);
    });
  }

  isOn(name: string): boolean {
    const spec = this.specs.get(name);
    return spec !== undefined && this.vm(spec).hasProcesses;
  }

  hasPoweredOff(name: string): boolean {
    const spec = this.specs.get(name);
    return spec !== undefined && this.vm(spec).hasPoweredOff;
  }

  destroy(name: string): Promise<void> {
    return this.inTurn(name, async () => {
      const spec = this.specs.get(name);
      if (spec === undefined) return;
      await this.vm(spec).remove();
      this.specs.delete(name);
      await this.writeRules(spec.cloud);
      await this.routers[spec.cloud].forget(spec);
    });
  }

  setFirewall(name: string, rules: readonly FirewallRule[]): Promise<void> {
    return this.inTurn(name, async () => {
      const spec = this.specs.get(name);
      if (spec === undefined) return;
      this.specs.set(name, { ...spec, firewall: rules });
      await this.writeRules(spec.cloud);
    });
  }

  private vm(spec: MachineSpec): CloudVm {
    return new CloudVm(spec, this.namespaces);
  }

  private inCloud(cloud: CloudName): readonly MachineSpec[] {
    return [...this.specs.values()].filter((spec) => spec.cloud === cloud);
  }

  private writeRules(cloud: CloudName): Promise<void> {
    return this.routers[cloud].setMachines(() => this.inCloud(cloud));
  }

  private inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.underWay.get(name) ?? Promise.resolve()).catch(() => undefined).then(work);
    this.underWay.set(name, turn);
    return turn;
  }
}
