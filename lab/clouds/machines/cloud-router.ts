import type { Namespaces } from "../../hosts/namespaces";
import type { CloudName, MachineSpec } from "../contract";
import { routerRules } from "./router-rules";

/** The edge of one emulated cloud: the network namespace that network.sh made for it. */
export class CloudRouter {
  private update: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly cloud: CloudName,
    private readonly namespaces: Namespaces,
    /** Has the program `conntrack`, which this machine may lack. */
    private readonly cloudImage: string,
  ) {}

  /** Puts these machines' addresses, NAT and firewalls in the place of the last. One after the other, so that the last call counts. */
  setMachines(machines: () => readonly MachineSpec[]): Promise<void> {
    const update = this.update.then(async () => {
      await this.namespaces.runOrFail(["nft", "-f", "-"], { netns: this.cloud, input: routerRules(machines()) });
    });
    this.update = update.catch(() => undefined);
    return update;
  }

  async addPublicAddress(address: string): Promise<void> {
    await this.run(["ip", "address", "replace", `${address}/32`, "dev", "eth0"]);
  }

  /** Forgets a machine that is gone, connections included: its addresses may be another's next. */
  async forget({ privateAddress, publicAddress }: MachineSpec): Promise<void> {
    if (publicAddress !== undefined)
      await this.namespaces.run(["ip", "-n", this.cloud, "address", "delete", `${publicAddress}/32`, "dev", "eth0"]);
    // Ends with 1 where there was no such connection.
    for (const side of ["--orig-src", "--reply-src"])
      await this.namespaces.run(["chroot", this.cloudImage, "conntrack", "--delete", side, privateAddress], { netns: this.cloud });
  }

  private async run(argv: readonly string[]): Promise<void> {
    await this.namespaces.runOrFail(argv, { netns: this.cloud });
  }
}
