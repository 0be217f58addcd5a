import type { FirewallRule, MachineSpec, Machines } from "../../lab/clouds/contract";

/** Lab hosts that are entries of a map. */
export class FakeMachines implements Machines {
  readonly on = new Map<string, MachineSpec>();
  readonly firewalls = new Map<string, readonly FirewallRule[]>();
  /** What the next one to be made fails with. */
  failure: Error | undefined;

  create(spec: MachineSpec): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.on.set(spec.name, spec);
    return Promise.resolve();
  }

  isOn(name: string): boolean {
    return this.on.has(name);
  }

  destroy(name: string): Promise<void> {
    this.on.delete(name);
    return Promise.resolve();
  }

  setFirewall(name: string, rules: readonly FirewallRule[]): Promise<void> {
    this.firewalls.set(name, rules);
    return Promise.resolve();
  }
}
