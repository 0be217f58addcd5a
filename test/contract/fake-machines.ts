import type { FirewallRule, MachineSpec, Machines } from "../../lab/clouds/contract";

/** Lab hosts that are entries of a map. */
export class FakeMachines implements Machines {
  readonly on = new Map<string, MachineSpec>();
  readonly firewalls = new Map<string, readonly FirewallRule[]>();
  /** Those that have power no more, and are there. */
  readonly off = new Map<string, MachineSpec>();
  /** Machines that ended themselves. */
  readonly ended = new Set<string>();
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

  hasPoweredOff(name: string): boolean {
    return this.ended.has(name);
  }

  stop(name: string): Promise<void> {
    const spec = this.on.get(name);
    if (spec !== undefined) this.off.set(name, spec);
    this.on.delete(name);
    return Promise.resolve();
  }

  start(spec: MachineSpec): Promise<void> {
    this.off.delete(spec.name);
    this.ended.delete(spec.name);
    return this.create(spec);
  }

  destroy(name: string): Promise<void> {
    this.on.delete(name);
    this.off.delete(name);
    return Promise.resolve();
  }

  setFirewall(name: string, rules: readonly FirewallRule[]): Promise<void> {
    this.firewalls.set(name, rules);
    return Promise.resolve();
  }
}
