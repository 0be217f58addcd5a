import { CloudsClient } from "./clouds/admin-client";
import { recordArguments } from "./hosts/argv-recorder";
import type { ArgvRecorder } from "./hosts/argv-recorder";
import { makeCut } from "./hosts/cuts";
import type { ActiveCut, Cut } from "./hosts/cuts";
import { CloudVm } from "./hosts/cloud-vm";
import { Namespaces } from "./hosts/namespaces";
import { Operator } from "./hosts/operator";
import { operatorEnvironment } from "./hosts/operator-environment";
import type { RootFileSystems } from "./hosts/root-file-system";
import type { LabService } from "./hosts/services";
import { SiteHost } from "./hosts/site-host";
import { writeSshConfig } from "./hosts/ssh-config";
import type { HostName } from "./hosts/topology";
import { addresses, hostSpecs, wanMachineLines } from "./hosts/topology";
import { WanMachine } from "./hosts/wan-machine";
import type { LabControl } from "./lab-control";
import { hostScript } from "./paths";

/** A running lab: its hosts, the operator's machine, its control services and its faults. */
export class Lab {
  readonly hosts: ReadonlyMap<HostName, SiteHost>;
  readonly operator: Operator;
  /** The emulated clouds, as the lab's provider plugins and its tests ask them. */
  readonly clouds = new CloudsClient();

  constructor(
    readonly namespaces: Namespaces,
    readonly rootFileSystems: RootFileSystems,
    /** Absent in a lab of hosts and networks only. */
    readonly control?: LabControl,
  ) {
    this.hosts = new Map(hostSpecs.map((spec) => [spec.name, new SiteHost(spec, namespaces, rootFileSystems.metal)]));
    this.operator = new Operator(namespaces);
  }

  host(name: HostName): SiteHost {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no host called ${name}`);
    return host;
  }

  /** A machine of an emulated cloud, on or off, by the name that the cloud gave its host: `aws1`, `az2`. */
  vm(name: string): CloudVm {
    const vm = CloudVm.find(name, this.namespaces);
    if (vm === undefined) throw new Error(`no machine called ${name} in the lab's clouds`);
    return vm;
  }

  /** The names of all machines that the emulated clouds have now, on or off. */
  vmNames(): readonly string[] {
    return CloudVm.names();
  }

  /** Boots a host and waits until the operator can log in. */
  async boot(name: HostName): Promise<SiteHost> {
    const host = this.host(name);
    await host.boot();
    await this.operator.waitSsh(name);
    return host;
  }

  /** Puts a new installation with new SSH host keys in the place of a host, and waits until the operator can log in. */
  async reinstall(name: HostName): Promise<SiteHost> {
    await this.host(name).reinstall();
    writeSshConfig();
    await this.operator.waitSsh(name);
    return this.host(name);
  }

  /** Gives a host that is up new SSH host keys, as an operator does who rotates them, and waits until the operator can log in. */
  async rotateHostKeys(name: HostName): Promise<void> {
    await this.host(name).rotateHostKeys();
    writeSshConfig();
    await this.operator.waitSsh(name);
  }

  service(name: string): LabService {
    const service = this.control?.services.find((candidate) => candidate.name === name);
    if (service === undefined) throw new Error(`no service called ${name}`);
    return service;
  }

  /** A machine on the lab's internet that is nobody's node: `outsider` is off the tailnet, `foreign` may log in as a device of its own. */
  async wanMachine(name: "outsider" | "foreign"): Promise<WanMachine> {
    const { stdout } = await this.namespaces.runOrFail(["ip", "netns", "list"]);
    if (!new RegExp(`^${name}\\b`, "m").test(stdout)) {
      await this.namespaces.runOrFail([hostScript("network.sh")], { input: `${wanMachineLines(name).join("\n")}\n` });
    }
    return new WanMachine(name, addresses[name], this.namespaces, operatorEnvironment());
  }

  /** Loses packets between two places, or between one and everyone, until the cut is healed. */
  cut(cut: Cut): Promise<ActiveCut> {
    return makeCut(this.namespaces, cut);
  }

  /** Records the arguments of every program that is started from now on, on hosts and elsewhere. */
  recordArguments(): Promise<ArgvRecorder> {
    return recordArguments();
  }

  /** The lab goes on when this program, which started it, ends. */
  keep(): Promise<void> {
    return this.namespaces.keep();
  }

  /** Ends everything; nothing of the lab is left but files in .lab and the cache. */
  async down(): Promise<void> {
    await this.namespaces.end();
  }
}
