import { readFileSync } from "node:fs";
import { join } from "node:path";
import { controlOf, operatorLogin } from "../../lab/console";
import { vendorNames } from "../../lab/control/prepare-control";
import type { LabHost } from "../../lab/hosts/host";
import { exportLines } from "../../src/operator-tools/host/shell-quote.cjs";
import type { HostName } from "../../lab/hosts/topology";
import type { Lab } from "../../lab/lab";
import { inState } from "../../lab/paths";
import { labSettings } from "../../lab/stack-config";

export const floorTag = "tag:k3s-floor";

const architecture = process.arch === "x64" ? "amd64" : "arm64";
const STEP_MS = 300_000;

export interface FloorNetworks {
  readonly podCidr: string;
  readonly serviceCidr: string;
}

/** The same networks as the program's cluster has. */
export function networksOf(lab: Lab): FloorNetworks {
  const { podCidr, serviceCidr } = labSettings(lab)["hybrid-k3s:cluster"];
  if (podCidr === undefined || serviceCidr === undefined) throw new Error("the lab's settings name their networks");
  return { podCidr, serviceCidr };
}

export type FloorRole = "server" | "agent";

/** How a person logs in to a host. */
export interface Login {
  /** The words behind `ssh`. */
  readonly destination: readonly string[];
  readonly isRoot: boolean;
}

/** A host that a person sets up by typing commands over ssh. */
export class FloorHost {
  constructor(
    readonly lab: Lab,
    readonly host: LabHost,
    readonly role: FloorRole,
    private readonly login: Login,
  ) {}

  static onSite(lab: Lab, name: HostName, role: FloorRole): FloorHost {
    const host = lab.host(name);
    return new FloorHost(lab, host, role, { destination: [name], isRoot: host.spec.user === "root" });
  }

  /** Puts on disk what can be there before; on a newly installed host. One that fetches has the programs from the mirror. */
  async prepare({ podCidr, serviceCidr }: FloorNetworks, { fetches = false, vpnFlag = true } = {}): Promise<void> {
    const { admin, tools } = controlOf(this.lab);
    const { key } = await admin.call("createDeviceKey", { user: operatorLogin, tags: [floorTag] });
    await (fetches ? this.fetchPrograms() : this.placePrograms());
    const settings = { ROLE: this.role, POD_CIDR: podCidr, SERVICE_CIDR: serviceCidr, AUTH_KEY: key, K3S_VERSION: tools.k3sVersion };
    await this.host.exec(render("prepare", { NODE_NAME: this.host.name, VPN_FLAG: vpnFlag ? "yes" : "no", ...settings }));
  }

  private async fetchPrograms(): Promise<void> {
    const { tools } = controlOf(this.lab);
    const { caFile = "" } = labSettings(this.lab)["hybrid-k3s:mirror"];
    await this.type("fetch", {
      MIRROR: `https://${vendorNames.mirror}`,
      CA_PEM: readFileSync(caFile, "utf8"),
      TAILSCALE_VERSION: tools.tailscaleVersion,
      K3S_VERSION: tools.k3sVersion,
      ARCHITECTURE: architecture,
    });
  }

  private async placePrograms(): Promise<void> {
    const { tools, prepared } = controlOf(this.lab);
    const images = `k3s-airgap-images-${architecture}.tar.zst`;
    await this.host.copyIn(tools.tailscale, "/usr/local/bin/tailscale", "0755");
    await this.host.copyIn(tools.tailscaled, "/usr/local/sbin/tailscaled", "0755");
    await this.host.copyIn(tools.k3s, "/usr/local/bin/k3s", "0755");
    await this.host.copyIn(join(prepared.mirror.tree, "k3s", tools.k3sVersion, images), `/var/lib/rancher/k3s/agent/images/${images}`);
    await this.host.copyIn(tools.installK3s, "/run/floor/install.sh");
  }

  /** Resolves with the host's tailnet address. */
  join(): Promise<string> {
    return this.type("join", { NODE_NAME: this.host.name });
  }

  /** Resolves with the token for agents. `settings` are further lines of k3s's config; one that `joins` waits for the way to that server. */
  startServer(settings = "", joins = ""): Promise<string> {
    return this.type("start-server", { SETTINGS: settings, SERVER_IP: joins });
  }

  async startAgent(serverIp: string, token: string): Promise<void> {
    await this.type("start-agent", { SERVER_IP: serverIp, TOKEN: token });
  }

  async waitForNodes(names: readonly string[]): Promise<void> {
    await this.type("wait-for-nodes", { NODE_NAMES: names.join(" ") });
  }

  async waitForVoters(names: readonly string[]): Promise<void> {
    await this.type("wait-for-voters", { NODE_NAMES: names.join(" ") });
  }

  async removeNode(name: string): Promise<void> {
    await this.type("remove-node", { NODE_NAME: name });
  }

  async cleanUp(): Promise<void> {
    await this.type("clean-up");
  }

  async type(script: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const shell = [...(this.login.isRoot ? [] : ["sudo", "-n"]), "sh", "-s"];
    const argv = [inState("bin", "ssh"), ...this.login.destination, "--", ...shell];
    return (await this.lab.operator.runOrFail(argv, { input: render(script, environment), timeoutMs: STEP_MS })).trim();
  }
}

function render(script: string, environment: Readonly<Record<string, string>>): string {
  const text = readFileSync(join(__dirname, `${script}.sh`), "utf8");
  // In braces, so that no command can read the rest of the script as its input.
  return `${exportLines(environment)}{\n${text}} </dev/null\n`;
}
