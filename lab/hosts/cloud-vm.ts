import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import type { MachineSpec } from "../clouds/contract";
import { hostScript, inState, stateDir } from "../paths";
import type { Installation } from "./host";
import { LabHost } from "./host";
import type { Namespaces } from "./namespaces";
import { waitUntil } from "./wait-until";

const specFile = (name: string): string => inState("hosts", name, "machine.json");

/** What the cloud was asked for when it made the machine; undefined where there is none of this name. */
export function findMachineSpec(name: string): MachineSpec | undefined {
  return existsSync(specFile(name)) ? (JSON.parse(readFileSync(specFile(name), "utf8")) as MachineSpec) : undefined;
}

/** A cloud's router answers for the first address of the machine's network. */
function gatewayOf({ privateAddress, prefixLength }: MachineSpec): string {
  const bytes = privateAddress.split(".").map(Number);
  const address = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const first = address - (address % 2 ** (32 - prefixLength)) + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
}

/** A machine of an emulated cloud: made from the cloud's image, set up by its own cloud-init. */
export class CloudVm extends LabHost {
  constructor(
    readonly spec: MachineSpec,
    namespaces: Namespaces,
  ) {
    super(spec.name, [{ interface: "eth0", router: spec.cloud }], namespaces);
  }

  /** The machine of this name that is there, on or off. */
  static find(name: string, namespaces: Namespaces): CloudVm | undefined {
    const spec = findMachineSpec(name);
    return spec === undefined ? undefined : new CloudVm(spec, namespaces);
  }

  /** All machines that are there, on or off. */
  static names(): readonly string[] {
    const names = existsSync(inState("hosts")) ? readdirSync(inState("hosts")) : [];
    return names.filter((name) => existsSync(specFile(name))).sort();
  }

  /** Starts booting the machine for the first time. */
  async start(rootFileSystem: string, settings: readonly string[]): Promise<void> {
    mkdirSync(inState("hosts", this.name), { recursive: true, mode: 0o700 });
    writeFileSync(specFile(this.name), JSON.stringify(this.spec), { mode: 0o600 });
    await this.powerOn({ rootFileSystem, settings, links: this.linkLines() } satisfies Installation);
  }

  private linkLines(): readonly string[] {
    const { name, cloud, privateAddress, prefixLength } = this.spec;
    const gateway = gatewayOf(this.spec);
    return [`cable ${name} eth0 ${cloud} ${privateAddress}/${prefixLength} ${gateway}`, `gateway ${name} ${gateway}`];
  }

  /** Whether it has powered itself off (run-host.sh). */
  get hasPoweredOff(): boolean {
    return !this.hasProcesses && existsSync(inState("hosts", this.name, "powered-off"));
  }

  /** A clean shutdown, or the end of one that does not react to it. */
  async stop(): Promise<void> {
    if (this.isOn) await this.shutdown().catch(() => undefined);
    await this.powerOff();
  }

  /** Pulls the plug and takes away all that the machine has. */
  async remove(): Promise<void> {
    await this.powerOff();
    await this.namespaces.run(["ip", "-n", this.spec.cloud, "link", "delete", `${this.name}.eth0`]);
    await this.namespaces.runOrFail([hostScript("remove-host.sh"), stateDir, this.name]);
  }

  /** Waits until cloud-init has done its work; fails with its own words where it has not. */
  async waitCloudInit(timeoutMs = 60_000): Promise<void> {
    await waitUntil(`${this.name} boots`, () => this.isOn, { timeoutMs, intervalMs: 50 });
    await waitUntil(`cloud-init of ${this.name} is done`, () => this.isSetUp(), { timeoutMs });
  }

  private async isSetUp(): Promise<boolean> {
    const { stdout } = await this.run(["cloud-init", "status", "--long"], { timeoutMs: 10_000 });
    if (/^status: error/m.test(stdout)) throw new Error(stdout.trim());
    return /^status: done/m.test(stdout);
  }
}
