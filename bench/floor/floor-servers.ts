import type { Lab } from "../../lab/lab";
import { FloorCluster } from "./floor-cluster";
import { FloorHost, type FloorNetworks } from "./floor-host";

const NAMES = ["rack-1", "rack-2", "rack-3"] as const;
const SNAPSHOT = "by-hand";

/** Three servers by hand: etcd over their tailnet addresses, pods by flannel's own vxlan in the tailnet, as k3s's flag and several servers do not go together. */
export class FloorServers {
  private constructor(
    private readonly tailnet: FloorCluster,
    private readonly servers: readonly [FloorHost, ...FloorHost[]],
  ) {}

  static async prepare(lab: Lab, networks: FloorNetworks): Promise<FloorServers> {
    const [first, ...others] = NAMES.map((name) => FloorHost.onSite(lab, name, "server"));
    if (first === undefined) throw new Error("no server is named");
    const tailnet = await FloorCluster.withPolicy(lab, networks, first);
    await Promise.all([first, ...others].map((server) => server.prepare(networks, { vpnFlag: false })));
    return new FloorServers(tailnet, [first, ...others]);
  }

  /** Until all are Ready and vote. */
  async start(): Promise<void> {
    const [first, ...others] = this.servers;
    const begun = this.begin(first);
    await Promise.all([begun, ...others.map((server) => this.join(server, begun))]);
    await this.waitForVoters();
  }

  /** Kept where k3s keeps its own. */
  async saveSnapshot(): Promise<void> {
    await this.servers[0].host.exec(`k3s etcd-snapshot save --name ${SNAPSHOT}`);
  }

  /** By k3s's documents for several servers: all stop, one is reset to the snapshot, the others join it with nothing of their own. */
  async restore(): Promise<void> {
    const [first, ...others] = this.servers;
    await Promise.all(this.servers.map((server) => server.type("stop-server")));
    await first.type("restore-snapshot", { SNAPSHOT });
    await Promise.all(others.map((server) => server.type("join-again")));
    await this.waitForVoters();
  }

  async destroy(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.cleanUp()));
    await this.tailnet.deleteDevices(this.servers);
  }

  cleanUp(): Promise<void> {
    return this.tailnet.cleanUp();
  }

  private async begin(server: FloorHost): Promise<{ readonly serverIp: string; readonly token: string }> {
    const serverIp = await server.join();
    return { serverIp, token: await server.startServer(`${addressLines(serverIp)}\ncluster-init: true`) };
  }

  private async join(server: FloorHost, begun: Promise<{ readonly serverIp: string; readonly token: string }>): Promise<void> {
    const own = await server.join();
    const { serverIp, token } = await begun;
    const place = `server: https://${serverIp}:6443\ntoken: ${JSON.stringify(token)}`;
    await server.startServer(`${addressLines(own)}\n${place}`, serverIp);
  }

  private waitForVoters(): Promise<void> {
    return this.servers[0].waitForVoters(NAMES);
  }
}

const addressLines = (tailnetIp: string) => `node-ip: ${tailnetIp}\nflannel-iface: tailscale0`;
