import { applyEdits, modify } from "jsonc-parser";
import { controlOf } from "../../lab/console";
import type { HostName } from "../../lab/hosts/topology";
import type { Lab } from "../../lab/lab";
import { FloorHost, type FloorNetworks, floorTag } from "./floor-host";

/**
 * The floor: the same cluster by the commands that a person would type, on all hosts at once, with programs, images and settings on
 * disk, keys made and the policy in force. The hosts are newly installed ones.
 */
export class FloorCluster {
  private readonly members: FloorHost[] = [];
  private access: { readonly serverIp: string; readonly token: string } | undefined;

  private constructor(
    private readonly lab: Lab,
    private readonly networks: FloorNetworks,
    private readonly policyFound: string,
    private readonly server: FloorHost,
  ) {}

  static async prepare(lab: Lab, networks: FloorNetworks, first: HostName): Promise<FloorCluster> {
    const server = FloorHost.onSite(lab, first, "server");
    const cluster = await FloorCluster.withPolicy(lab, networks, server);
    await server.prepare(networks);
    return cluster;
  }

  /** With the policy in force, and nothing on the server's disk yet. */
  static async withPolicy(lab: Lab, networks: FloorNetworks, server: FloorHost): Promise<FloorCluster> {
    const { admin } = controlOf(lab);
    const { text } = await admin.call("getPolicy");
    await admin.call("editPolicy", { text: withFloor(text, networks.podCidr) });
    return new FloorCluster(lab, networks, text, server);
  }

  /** Prepares a host to be one of those that start() or add() brings in. */
  async prepareAgent(name: HostName): Promise<FloorHost> {
    const host = FloorHost.onSite(this.lab, name, "agent");
    await host.prepare(this.networks);
    return host;
  }

  async start(agents: readonly FloorHost[]): Promise<void> {
    const starting = this.startServer();
    await Promise.all([starting, ...agents.map((agent) => this.startAgent(agent, starting))]);
    this.members.push(this.server, ...agents);
    await this.waitForMembers();
  }

  /** Brings agents in side by side, each as soon as it is prepared. */
  async add(...preparing: readonly (FloorHost | Promise<FloorHost>)[]): Promise<readonly FloorHost[]> {
    const { access } = this;
    if (access === undefined) throw new Error("the server has not been started");
    const agents = await Promise.all(
      preparing.map(async (prepared) => {
        const agent = await prepared;
        await this.startAgent(agent, Promise.resolve(access));
        return agent;
      }),
    );
    this.members.push(...agents);
    await this.waitForMembers();
    return agents;
  }

  async remove(agent: FloorHost): Promise<void> {
    await this.server.removeNode(agent.host.name);
    await agent.cleanUp();
    await this.deleteDevices([agent]);
    this.members.splice(this.members.indexOf(agent), 1);
  }

  async destroy(): Promise<void> {
    await Promise.all(this.members.map((member) => member.cleanUp()));
    await this.deleteDevices(this.members);
    this.members.length = 0;
  }

  /** What a person would leave as it is: the policy. */
  async cleanUp(): Promise<void> {
    await controlOf(this.lab).admin.call("editPolicy", { text: this.policyFound });
  }

  private async startServer(): Promise<{ readonly serverIp: string; readonly token: string }> {
    const serverIp = await this.server.join();
    this.access = { serverIp, token: await this.server.startServer() };
    return this.access;
  }

  private async startAgent(agent: FloorHost, server: Promise<{ readonly serverIp: string; readonly token: string }>): Promise<void> {
    await agent.join();
    const { serverIp, token } = await server;
    await agent.startAgent(serverIp, token);
  }

  private waitForMembers(): Promise<void> {
    return this.server.waitForNodes(this.members.map(({ host }) => host.name));
  }

  /** By name and tag; the logout of a host may have removed its own already. */
  async deleteDevices(of: readonly FloorHost[]): Promise<void> {
    const { admin } = controlOf(this.lab);
    const names: readonly string[] = of.map(({ host }) => host.name);
    const { devices } = await admin.call("listDevices");
    const ours = devices.filter(({ hostname, tags }) => names.includes(hostname) && tags?.includes(floorTag) === true);
    await Promise.all(ours.map(({ id }) => admin.call("deleteDevice", { id })));
  }
}

function withFloor(policy: string, podCidr: string): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2 };
  const set = (text: string, path: string[], value: unknown) => applyEdits(text, modify(text, path, value, { formattingOptions }));
  return set(set(policy, ["tagOwners", floorTag], ["autogroup:admin"]), ["autoApprovers", "routes", podCidr], [floorTag]);
}
