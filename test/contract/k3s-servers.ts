import { buildMirrorTree } from "../../lab/mirror/build-tree";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import { createProgress } from "../../lab/progress";
import { startLab } from "../../lab/start-lab";
import { getTools } from "../../lab/tools/get-tools";
import { K3sMachine } from "./k3s-machine";
import { imagesIn } from "./k3s-pair";

const HOSTS = ["rack-1", "rack-2", "rack-3"] as const;

/** Three hosts that reach each other under the addresses of a tailnet, each to become a server. */
export interface K3sServers {
  readonly lab: Lab;
  readonly isStandIn: boolean;
  readonly machines: readonly [Server, Server, Server];
}

interface Member {
  readonly name?: string;
  readonly peerURLs: readonly string[];
  readonly isLearner?: boolean;
}

/** A machine and what it is as a server: NAME, the settings that it shares with the others, and what its etcd shows. */
export class Server extends K3sMachine {
  name = "";

  /** The settings of a server of the cluster whose token is `token`, and what is particular to this one. */
  config(token: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return {
      "node-name": this.name,
      "node-ip": this.vpnAddress,
      "advertise-address": this.vpnAddress,
      "flannel-iface": "tailscale0",
      "tls-san": [this.vpnAddress],
      token,
      "agent-token": "agent-secret",
      // Nothing that the lab has no images for.
      disable: ["coredns", "local-storage", "metrics-server", "servicelb", "traefik"],
      ...more,
    };
  }

  get url(): string {
    return `https://${this.vpnAddress}:6443`;
  }

  /** Writes the settings and starts the unit, without waiting for it. */
  async begin(config: Readonly<Record<string, unknown>>): Promise<void> {
    await this.writeConfig(config);
    await this.install("server", "INSTALL_K3S_SKIP_START=true");
    await this.host.exec("systemctl restart --no-block k3s");
  }

  async restart(): Promise<void> {
    await this.host.exec("systemctl restart k3s", { timeoutMs: 180_000 });
  }

  async stop(): Promise<void> {
    await this.host.exec("systemctl stop k3s", { timeoutMs: 120_000 });
  }

  async waitActiveServer(): Promise<void> {
    const state = () => this.host.exec("systemctl show -P ActiveState k3s");
    await waitUntil(`k3s of ${this.name} is active`, async () => (await state()) === "active\n", { timeoutMs: 240_000, intervalMs: 500 });
  }

  /** Status and reason of a Node's condition on its membership, as this server knows it. */
  voter(node: string): Promise<string> {
    return this.kubectl(
      `get node ${node} --ignore-not-found -o jsonpath='{range .status.conditions[?(@.type=="EtcdIsVoter")]}{.status} {.reason}{end}'`,
    );
  }

  async waitVoter(node: string, wanted = "True MemberNotLearner"): Promise<void> {
    await waitUntil(`${node} is ${wanted}`, async () => (await this.voter(node)) === wanted, { timeoutMs: 120_000, intervalMs: 500 });
  }

  /** NAME=PEER-URL of each member, with " learner" where it is one, by the gateway of etcd's own API. */
  async members(): Promise<string[]> {
    const answer = await this.host.exec(`curl -sSf ${this.etcdIdentity} -X POST -d '{}' https://127.0.0.1:2382/v3/cluster/member/list`);
    const { members } = JSON.parse(answer) as { readonly members: readonly Member[] };
    return members
      .map(({ name, peerURLs, isLearner }) => `${name ?? ""}=${peerURLs.join(",")}${isLearner === true ? " learner" : ""}`)
      .sort();
  }

  /** What curl needs to speak to this host's etcd as the API server does. */
  readonly etcdIdentity =
    "--cacert /var/lib/rancher/k3s/server/tls/etcd/server-ca.crt --cert /var/lib/rancher/k3s/server/tls/etcd/client.crt --key /var/lib/rancher/k3s/server/tls/etcd/client.key";

  /** Takes k3s and all that it knew from the host. */
  async wipe(): Promise<void> {
    await this.host.exec(
      "/usr/local/bin/k3s-uninstall.sh >/dev/null 2>&1 || true; rm -rf /var/lib/rancher/k3s /etc/rancher; cp /opt/k3s /usr/local/bin/k3s",
      {
        timeoutMs: 120_000,
      },
    );
  }
}

export async function startK3sServers(): Promise<K3sServers> {
  const progress = createProgress();
  const tools = await getTools(progress);
  const images = imagesIn(await buildMirrorTree(tools), tools.k3sVersion);
  const lab = await startLab({ control: false, hosts: HOSTS, progress });
  const machine = (index: 1 | 2 | 3) => new Server(lab.host(`rack-${index}`), `100.64.0.${index}`);
  const machines = [machine(1), machine(2), machine(3)] as const;
  for (const [index, each] of machines.entries()) {
    each.name = ["first", "second", "third"][index] ?? "";
    const others = machines.filter((other) => other !== each);
    await each.prepare(
      tools,
      images,
      others.map(({ vpnAddress }) => ({ vpnAddress, address: `10.10.1.1${vpnAddress.slice(-1)}` })),
    );
  }
  return { lab, isStandIn: tools.standIns.includes("k3s"), machines };
}
