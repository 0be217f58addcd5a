import { setTimeout } from "node:timers/promises";
import { CloudError, type FirewallRule, type MachineSpec, type Machines } from "../contract";
import { TYPES, keyOf, networkIdOf } from "./arm-id";
import type { ArmStore, Resource } from "./arm-store";
import { parseCidr } from "./cidr";
import type { Faults } from "./faults";
import { at, listAt, textAt, textsAt } from "./json";
import { addressOf, groupsOf, subnetOf } from "./network-interfaces";
import { openings } from "./security-groups";
import { addressSpaces, subnetPrefix } from "./subnets";
import { decodeCustomData } from "./vm-profile";

/** https://learn.microsoft.com/azure/virtual-machines/states-billing: a stopped machine keeps its hardware, a deallocated one does not. */
export type PowerState = "running" | "stopped" | "deallocated";

interface Host {
  readonly name: string;
  firewall: string;
  readonly isBooted: boolean;
  state: PowerState;
}

/** The lab hosts behind the virtual machines. */
export class Power {
  private readonly hosts = new Map<string, Host>();
  private made = 0;

  constructor(
    private readonly store: ArmStore,
    private readonly machines: Machines,
    private readonly faults: Faults,
  ) {}

  isAllocated({ id }: Resource): boolean {
    return this.hosts.has(keyOf(id.id));
  }

  hostName({ id }: Resource): string | undefined {
    return this.hosts.get(keyOf(id.id))?.name;
  }

  /** Resolves when the machine has power, or at once for one that is to stay dark. */
  async on(machine: Resource): Promise<void> {
    const host = { name: `az${++this.made}`, state: "running" as const };
    const isDark = this.faults.takeNotBooting();
    const spec = this.specOf(machine, host.name);
    await setTimeout(this.faults.bootDelayMs);
    if (!isDark) await this.machines.create(spec);
    this.hosts.set(keyOf(machine.id.id), { ...host, firewall: JSON.stringify(spec.firewall), isBooted: !isDark });
  }

  async off(machine: Resource): Promise<void> {
    const host = this.hosts.get(keyOf(machine.id.id));
    if (host?.isBooted === true) await this.machines.destroy(host.name);
    this.hosts.delete(keyOf(machine.id.id));
  }

  /** What its host shows now: a system may have powered itself off. */
  stateOf(machine: Resource): PowerState {
    const host = this.hosts.get(keyOf(machine.id.id));
    if (host === undefined) return "deallocated";
    if (host.state === "running" && host.isBooted && this.machines.hasPoweredOff(host.name)) host.state = "stopped";
    return host.state;
  }

  /** Its disk, its addresses and its vmId stay. */
  async stop(machine: Resource, state: Exclude<PowerState, "running">): Promise<void> {
    const host = this.hosts.get(keyOf(machine.id.id));
    if (host === undefined) return;
    if (host.isBooted) await this.machines.stop(host.name);
    host.state = state;
  }

  async start(machine: Resource): Promise<void> {
    const host = this.hosts.get(keyOf(machine.id.id));
    if (host === undefined || this.stateOf(machine) === "running") return;
    const spec = this.specOf(machine, host.name);
    host.firewall = JSON.stringify(spec.firewall);
    if (host.isBooted) await this.machines.start(spec);
    host.state = "running";
  }

  /** Brings every host's firewall in line with the groups in front of it. */
  async refreshFirewalls(): Promise<void> {
    for (const machine of this.store.ofType(TYPES.virtualMachine)) {
      const host = this.hosts.get(keyOf(machine.id.id));
      if (host?.isBooted !== true) continue;
      const rules = this.firewallOf(machine);
      if (JSON.stringify(rules) === host.firewall) continue;
      host.firewall = JSON.stringify(rules);
      await this.machines.setFirewall(host.name, rules);
    }
  }

  private specOf(machine: Resource, name: string): MachineSpec {
    const networkInterface = this.interfaceOf(machine);
    const range = parseCidr(subnetPrefix(subnetOf(this.store, networkInterface).body));
    if (range === undefined) throw new CloudError("InternalExecutionError", `the subnet of ${machine.id.id} has no prefix`, 500);
    const [zone] = textsAt(machine.body, "zones");
    return {
      name,
      cloud: "azure",
      privateAddress: addressOf(networkInterface),
      prefixLength: range.prefixLength,
      firewall: this.firewallOf(machine),
      ...(this.hasWayOut(networkInterface) ? {} : { isShutIn: true as const }),
      userData: decodeCustomData(textAt(machine.body, "properties.osProfile.customData")),
      instanceId: textAt(machine.body, "properties.vmId"),
      region: textAt(machine.body, "location"),
      ...(zone === undefined ? {} : { zone }),
    };
  }

  private firewallOf(machine: Resource): readonly FirewallRule[] {
    const networkInterface = this.interfaceOf(machine);
    const network = this.store.get(networkIdOf(subnetOf(this.store, networkInterface).id.id));
    return openings(groupsOf(this.store, networkInterface), addressSpaces(network.body));
  }

  /** learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access: Azure lends an address unless the subnet says no. */
  private hasWayOut(networkInterface: Resource): boolean {
    const subnet = subnetOf(this.store, networkInterface).body;
    const ownAddress = textAt(listAt(networkInterface.body, "properties.ipConfigurations")[0], "properties.publicIPAddress.id");
    const lends = at(subnet, "properties.defaultOutboundAccess") !== false;
    return lends || ownAddress !== "" || textAt(subnet, "properties.natGateway.id") !== "";
  }

  interfaceOf({ body }: Resource): Resource {
    return this.store.get(textAt(listAt(body, "properties.networkProfile.networkInterfaces")[0], "id"));
  }
}
