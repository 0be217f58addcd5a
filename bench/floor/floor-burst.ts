import { readFileSync } from "node:fs";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import { inState } from "../../lab/paths";
import type { FloorCluster } from "./floor-cluster";
import { FloorHost, type FloorNetworks } from "./floor-host";
import { FloorVpc } from "./floor-vpc";

const USER = "ops";
const BOOT_MS = 120_000;

/** Machines of the lab's AWS that a person launches, waits for and brings into a cluster, all at once. */
export class FloorBurst {
  private constructor(
    private readonly lab: Lab,
    private readonly networks: FloorNetworks,
    private readonly vpc: FloorVpc,
    private readonly fetches: boolean,
  ) {}

  /** The machines have the programs on disk, or fetch them as any machine fresh from a cloud has to. */
  static async prepare(lab: Lab, networks: FloorNetworks, { fetches = false } = {}): Promise<FloorBurst> {
    return new FloorBurst(lab, networks, await FloorVpc.create(lab), fetches);
  }

  /** From the launch until all are Ready. */
  async up(cluster: FloorCluster, count: number): Promise<Burst> {
    const instances: string[] = [];
    const agents = await cluster.add(...Array.from({ length: count }, () => this.launch(instances)));
    return { agents, instances };
  }

  /** Until nothing is left of them. */
  async down(cluster: FloorCluster, { agents, instances }: Burst): Promise<void> {
    // They log out first: headscale 0.26 keeps the channel of a device that is deleted while it is connected, waits for it in every later
    // update, and gives that update to fewer devices.
    for (const agent of agents) await cluster.remove(agent);
    await this.vpc.terminate(instances);
  }

  cleanUp(): Promise<void> {
    return this.vpc.remove();
  }

  private async launch(instances: string[]): Promise<FloorHost> {
    const { machine, instanceId, publicIp } = await this.vpc.launch(userData());
    instances.push(instanceId);
    // The machine's key is its own and known to nobody yet.
    const unpinned = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=2"];
    const destination = [...unpinned, `${USER}@${publicIp}`];
    const ssh = [inState("bin", "ssh"), ...destination, "--"];
    await waitUntil(
      `${machine} lets the operator in by ssh`,
      async () => (await this.lab.operator.run([...ssh, "true"], { timeoutMs: 10_000 })).code === 0,
      { timeoutMs: BOOT_MS, intervalMs: 100 },
    );
    await this.lab.operator.runOrFail([...ssh, "cloud-init", "status", "--wait"], { timeoutMs: BOOT_MS });
    const host = new FloorHost(this.lab, this.lab.vm(machine), "agent", { destination, isRoot: false });
    await host.prepare(this.networks, { fetches: this.fetches });
    return host;
  }
}

export interface Burst {
  readonly agents: readonly FloorHost[];
  readonly instances: readonly string[];
}

function userData(): string {
  const key = readFileSync(inState("ssh", "operator.pub"), "utf8").trim();
  const account = { name: USER, shell: "/bin/bash", sudo: "ALL=(ALL) NOPASSWD:ALL", lock_passwd: true, ssh_authorized_keys: [key] };
  // JSON is YAML.
  return `#cloud-config\n${JSON.stringify({ ssh_genkeytypes: ["ed25519"], users: [account] })}\n`;
}
