import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { LabTools, RunResult } from "../../lab/contract";
import type { LabHost } from "../../lab/hosts/host";
import { waitUntil } from "../../lab/hosts/wait-until";
import { type InstallerAge, latestInstaller } from "../../lab/tools/stand-in-installer";

export type Role = "server" | "agent";

// What k3s asks of tailscale, answered from files, with every call written down. `up` fails as with a dead key.
const recordingTailscale = `#!/bin/sh
echo "$*" >>/run/tailscale/calls
case "$1 $2" in
  "status --json") cat /run/tailscale/status ;;
  "debug prefs") echo '{"AdvertiseRoutes": ["192.0.2.0/24"]}' ;;
  up*)
    echo "backend error: invalid key" >&2
    exit 1
    ;;
esac
`;

interface Neighbour {
  readonly vpnAddress: string;
  readonly address: string;
}

/** A booted host of the lab with k3s's files at hand and a recorded `tailscale`, on an address that other machines reach too. */
export class K3sMachine {
  constructor(
    readonly host: LabHost,
    readonly vpnAddress: string,
  ) {}

  private readonly configFile = "/etc/rancher/k3s/config.yaml";
  private nodeName = "";
  readonly vpnAuthFile = "/etc/vpn-auth";

  private neighbours: readonly Neighbour[] = [];

  async prepare(tools: LabTools, images: string, neighbours: readonly Neighbour[]): Promise<void> {
    await this.host.copyIn(tools.k3s, "/usr/local/bin/k3s", "0755");
    await this.host.copyIn(tools.k3s, "/opt/k3s", "0755");
    await this.host.copyIn(tools.installK3s, "/opt/install-k3s.sh", "0755");
    await this.host.copyIn(latestInstaller(), "/opt/install-latest.sh", "0755");
    await this.host.writeFile("/opt/beat.sh", beat, "0755");
    await this.host.copyIn(images, `/opt/images/${path.basename(images)}`);
    await this.host.writeFile("/usr/local/bin/tailscale", recordingTailscale, "0755");
    await this.setVpn("Running");
    this.neighbours = neighbours;
    await this.connect();
  }

  /** Gives the host its address of the tailnet and the way to others', which a reboot takes away. */
  async connect(): Promise<void> {
    // flannel looks for the interface by this name; a tunnel without a program at its other end still carries an address.
    await this.host.exec(
      `ip tuntap add tailscale0 mode tun; ip link set tailscale0 mtu 1280 up; ip address add ${this.vpnAddress}/32 dev tailscale0`,
    );
    // From its own address of the tailnet, as a tunnel would carry it: etcd compares a peer's address with its certificate.
    for (const { vpnAddress, address } of this.neighbours) {
      await this.host.exec(`ip route add ${vpnAddress}/32 via ${address} src ${this.vpnAddress}`);
    }
  }

  /** What `tailscale status` says from now on; the record of calls starts over. */
  async setVpn(state: "Running" | "NeedsLogin"): Promise<void> {
    await this.host.exec("mkdir -p /run/tailscale; : >/run/tailscale/calls");
    await this.host.writeFile("/run/tailscale/status", JSON.stringify({ BackendState: state, TailscaleIPs: [this.vpnAddress] }));
  }

  async vpnCalls(): Promise<string[]> {
    return (await this.host.readFile("/run/tailscale/calls")).trim().split("\n");
  }

  writeConfig(config: Readonly<Record<string, unknown>>): Promise<void> {
    const { "node-name": name } = config;
    this.nodeName = typeof name === "string" ? name : "";
    // JSON is YAML.
    return this.host.writeFile(this.configFile, JSON.stringify(config), "0600");
  }

  /** One report of kubelet's once more, by its own certificate; fails where kubelet's API server does not take it. */
  beat(): Promise<string> {
    return this.host.exec(`/opt/beat.sh ${this.nodeName}`);
  }

  /** Repeats kubelet's report until the unit is active. */
  async waitActive(unit: string): Promise<void> {
    await waitUntil(`${unit} is active`, async () => (await this.beatUntilActive(unit)) === "active\n", {
      timeoutMs: 90_000,
      intervalMs: 1_000,
    });
  }

  private beatUntilActive(unit: string): Promise<string> {
    return this.host.exec(`/opt/beat.sh ${this.nodeName} 2>/dev/null || true; systemctl show -P ActiveState ${unit}`);
  }

  /** Runs k3s in the foreground until it ends by itself, as it does where something is fatal, and gives what it printed. */
  async runToItsEnd(
    role: Role,
    config: Readonly<Record<string, unknown>>,
    { before = "", meanwhile = "", status = "[1-9]\\d*", limitSeconds = 60 } = {},
  ): Promise<string> {
    await this.writeConfig(config);
    const script = `${before}timeout ${limitSeconds} k3s ${role} >/tmp/out 2>&1 & k3s=$!; ${meanwhile}
      wait $k3s && code=0 || code=$?; cat /tmp/out; echo "exit code $code"`;
    const output = await this.host.exec(script, { timeoutMs: (limitSeconds + 30) * 1_000 });
    assert.match(
      output,
      new RegExp(`^exit code (?!124$)${status}$`, "m"),
      `k3s ${role} should have ended by itself with status ${status}:\n${output}`,
    );
    return output;
  }

  /** Runs the installer with k3s in place already; the unit is started where the installer sees a reason. An agent's gets its heartbeats. */
  async install(role: Role, variables = ""): Promise<string> {
    const place =
      "mkdir -p /var/lib/rancher/k3s/agent/images; cp /opt/images/* /var/lib/rancher/k3s/agent/images/; test -x /usr/local/bin/k3s || cp /opt/k3s /usr/local/bin/k3s";
    const installing = this.host.exec(
      `${place}; ${variables} INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_EXEC=${role} /opt/install-k3s.sh 2>&1`,
      {
        timeoutMs: 180_000,
      },
    );
    if (role === "server" || variables.includes("SKIP_START")) return installing;
    const started = installing.then(() => true);
    // The installer ends once the unit is active, which it becomes by these.
    while (!(await Promise.race([started, delay(1_000, false)]))) await this.beatUntilActive("k3s-agent");
    return installing;
  }

  /** Has an installer of this age fetch a release from a folder that the host has, as INSTALL_K3S_ARTIFACT_URL asks, and starts nothing. */
  installFrom(age: InstallerAge, role: Role, version: string, folder: string): Promise<RunResult> {
    const script = age === "tag" ? "/opt/install-k3s.sh" : "/opt/install-latest.sh";
    const variables = `INSTALL_K3S_ARTIFACT_URL=file://${folder} INSTALL_K3S_VERSION=${version} INSTALL_K3S_SKIP_START=true INSTALL_K3S_SKIP_SELINUX_RPM=true`;
    return this.host.run(["sh", "-c", `${variables} INSTALL_K3S_EXEC=${role} timeout 120 ${script} 2>&1`], { timeoutMs: 150_000 });
  }

  /** Puts another release's program in place under the running one, and has its unit written again by the installer. */
  async upgrade(role: Role, release: string): Promise<string> {
    await this.copyRelease(release);
    await this.host.exec(
      `cp /opt/releases/${path.basename(release)}/k3s /usr/local/bin/k3s.new && mv -f /usr/local/bin/k3s.new /usr/local/bin/k3s`,
    );
    return this.install(role, "INSTALL_K3S_SKIP_START=true");
  }

  /** A release's files in /opt/releases/VERSION. */
  async copyRelease(release: string): Promise<void> {
    for (const file of readdirSync(release)) {
      await this.host.copyIn(path.join(release, file), `/opt/releases/${path.basename(release)}/${file}`, "0755");
    }
  }

  kubectl(command: string): Promise<string> {
    return this.host.exec(`k3s kubectl ${command}`, { timeoutMs: 60_000 });
  }

  async waitReady(node: string): Promise<void> {
    await waitUntil(
      `node ${node} is Ready`,
      async () => / Ready /.test(await this.kubectl(`get node ${node} --no-headers --ignore-not-found`)),
      {
        timeoutMs: 60_000,
        intervalMs: 300,
      },
    );
  }

  /** Puts this pod on a node and waits for it to run; the account that it runs as comes a moment after the node. */
  async runPod(name: string, node: string, args: readonly string[] = ["pause"]): Promise<void> {
    const isThere = async () => (await this.kubectl("get serviceaccount default --ignore-not-found -o name")) !== "";
    await waitUntil("the default service account is there", isThere, { timeoutMs: 60_000, intervalMs: 300 });
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels: { name } },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "c", image: "hybrid-k3s.test/probe:1", imagePullPolicy: "Never", args }],
      },
    };
    await this.host.exec("k3s kubectl apply -f -", { input: JSON.stringify(pod) });
    await this.kubectl(`wait --for=condition=Ready pod/${name} --timeout=30s`);
  }

  /** What the unit's current start has said so far. */
  journal(unit: string): Promise<string> {
    return this.host.exec(`journalctl -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID ${unit})`);
  }

  /** Since when the unit's main process runs, which a restart changes. */
  startOf(unit: string): Promise<string> {
    return this.host.exec(`systemctl show -P ExecMainStartTimestampMonotonic ${unit}`);
  }

  async waitForJournal(unit: string, text: string): Promise<void> {
    await waitUntil(`${unit} says "${text}"`, async () => (await this.host.exec(`journalctl -u ${unit} -o cat`)).includes(text), {
      timeoutMs: 60_000,
      intervalMs: 500,
    });
  }
}

// With the files and the address that k3s gives every node, servers included.
const beat = `#!/bin/sh
set -eu
cd /var/lib/rancher/k3s/agent
curl -sSf --max-time 5 --cacert server-ca.crt --cert client-kubelet.crt --key client-kubelet.key -o /dev/null -X PATCH \\
  -H 'Content-Type: application/strategic-merge-patch+json' "https://127.0.0.1:6444/api/v1/nodes/$1/status" \\
  -d '{"status":{"conditions":[{"type":"Ready","lastHeartbeatTime":"'"$(date -u +%FT%TZ)"'"}]}}'
`;
