import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CloudsClient } from "../../../lab/clouds/admin-client";
import type { FirewallRule, MachineSpec, Machines } from "../../../lab/clouds/contract";
import { LabMachines } from "../../../lab/clouds/machines/lab-machines";
import { serveActions } from "../../../lab/clouds/serve-actions";
import { Namespaces } from "../../../lab/hosts/namespaces";
import { LabService } from "../../../lab/hosts/services";
import type { Lab } from "../../../lab/lab";
import { inState, stateDir } from "../../../lab/paths";

const socket = (): string => inState("run", "sockets", "machines.sock");

/** The clouds' machines without the clouds: a lab's service of its own, with the calls of the interface as actions. */
export class MachinesService {
  private readonly client = new CloudsClient(socket());

  static async start(lab: Lab): Promise<MachinesService> {
    const service = new MachinesService();
    const argv = [process.execPath, "--import", pathToFileURL(require.resolve("tsx")).href, __filename, lab.rootFileSystems.cloud];
    const waitReady = () => service.client.waitUntilReady(20_000);
    await new LabService({ name: "machines", argv, env: { LAB_STATE: stateDir }, waitReady }, lab.namespaces).start();
    return service;
  }

  create(spec: MachineSpec): Promise<unknown> {
    return this.client.call("aws", "create", { spec });
  }

  isOn(name: string): Promise<unknown> {
    return this.client.call("aws", "isOn", { name });
  }

  hasPoweredOff(name: string): Promise<unknown> {
    return this.client.call("aws", "hasPoweredOff", { name });
  }

  stop(name: string): Promise<unknown> {
    return this.client.call("aws", "stop", { name });
  }

  start(spec: MachineSpec): Promise<unknown> {
    return this.client.call("aws", "start", { spec });
  }

  destroy(name: string): Promise<unknown> {
    return this.client.call("aws", "destroy", { name });
  }

  setFirewall(name: string, rules: readonly FirewallRule[]): Promise<unknown> {
    return this.client.call("aws", "setFirewall", { name, rules });
  }
}

async function serve(cloudImage: string): Promise<void> {
  const machines: Machines = await LabMachines.open(Namespaces.ofThisProcess(), cloudImage);
  await serveActions(socket(), {
    "/aws/create": ({ spec }) => machines.create(spec as MachineSpec),
    "/aws/isOn": ({ name }) => machines.isOn(name as string),
    "/aws/hasPoweredOff": ({ name }) => machines.hasPoweredOff(name as string),
    "/aws/stop": ({ name }) => machines.stop(name as string),
    "/aws/start": ({ spec }) => machines.start(spec as MachineSpec),
    "/aws/destroy": ({ name }) => machines.destroy(name as string),
    "/aws/setFirewall": ({ name, rules }) => machines.setFirewall(name as string, rules as readonly FirewallRule[]),
  });
}

const [, program, image] = process.argv;
if (program === join(__dirname, "machines-service.ts") && image !== undefined)
  serve(image).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
