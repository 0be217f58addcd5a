import assert from "node:assert/strict";
import { type Kubectl, type ProbePod, PROBE_TCP_PORT, execProbe } from "../../lab/checks/probe-pods";
import { controlOf } from "../../lab/console";
import type { RunResult } from "../../lab/contract";
import type { WanMachine } from "../../lab/hosts/wan-machine";
import type { Lab } from "../../lab/lab";
import { hostsOf, tailnetAddresses } from "./node-network";

export const API_PORT = 6443;
export const KUBELET_PORT = 10250;
export const NODE_PORTS = [22, API_PORT, KUBELET_PORT];

export type Who = { readonly user: string; readonly tags?: readonly string[] };

/** A device of somebody else's in the tailnet. It listens on the pagers' port and on the API server's, as a server of another cluster would. */
export class ForeignDevice {
  private constructor(
    private readonly lab: Lab,
    private readonly machine: WanMachine,
    private readonly ending: AbortController,
    private readonly serving: Promise<RunResult>,
    readonly address: string,
  ) {}

  /** Logs a machine in that has never been in the tailnet. */
  static async join(lab: Lab, who: Who, flags: readonly string[] = []): Promise<ForeignDevice> {
    const machine = await lab.wanMachine("foreign");
    const { key } = await controlOf(lab).admin.call("createDeviceKey", who);
    await machine.startTailscaled({ fresh: true });
    await machine.joinTailnet({ hostname: "foreign", authKey: key, flags: ["--accept-routes", ...flags] });
    const ending = new AbortController();
    const argv = [controlOf(lab).tools.probe, "serve", "-tcp", String(PROBE_TCP_PORT), "-http", String(API_PORT)];
    const serving = machine.run(argv, { signal: ending.signal });
    return new ForeignDevice(lab, machine, ending, serving, await machine.tailnetIp());
  }

  async leave(): Promise<void> {
    this.ending.abort();
    await this.serving;
    await forgetForeign(this.lab);
  }

  opens(address: string, port: number): Promise<boolean> {
    return opens(this.lab, this.machine, address, port);
  }

  /** What of the cluster lets this device in: a line each. */
  async reached(pods: readonly ProbePod[]): Promise<string[]> {
    const nodes = await Promise.all(hostsOf(this.lab).map(async (host) => [host.name, (await tailnetAddresses(host))[0] ?? ""] as const));
    const places = [
      ...nodes.flatMap(([name, address]) => NODE_PORTS.map((port) => ({ what: `${name}:${port}`, address, port }))),
      ...pods.map(({ node, podIp }) => ({ what: `pod on ${node}`, address: podIp, port: PROBE_TCP_PORT })),
    ];
    assert.equal(places.length, 12);
    const open = await Promise.all(places.map(({ address, port }) => this.opens(address, port)));
    return places.flatMap(({ what }, i) => (open[i] ? [what] : []));
  }

  /** What of the cluster this device lets in: a line each. */
  async reachedBy(kubectl: Kubectl, pods: readonly ProbePod[]): Promise<string[]> {
    const probe = controlOf(this.lab).tools.probe;
    const tries = [PROBE_TCP_PORT, API_PORT].flatMap((port) => {
      const dial = ["dial", "-timeout", "2s", this.address, String(port)];
      const run = (argv: readonly string[], netns: string) => this.lab.namespaces.run([...argv], { netns, timeoutMs: 20_000 });
      return [
        ...hostsOf(this.lab).map(async ({ name }) => [`${name} to ${port}`, (await run([probe, ...dial], name)).code] as const),
        ...pods.map(async (pod) => [`pod on ${pod.node} to ${port}`, (await execProbe(kubectl, pod, dial)).code] as const),
      ];
    });
    return (await Promise.all(tries)).flatMap(([what, code]) => (code === 0 ? [what] : []));
  }
}

export async function opens(lab: Lab, from: WanMachine, address: string, port: number): Promise<boolean> {
  const { code } = await from.run([controlOf(lab).tools.probe, "dial", "-timeout", "2s", address, String(port)]);
  return code === 0;
}

/** The machine goes, and so does whatever it left in the tailnet. */
export async function forgetForeign(lab: Lab): Promise<void> {
  const { admin } = controlOf(lab);
  await (await lab.wanMachine("foreign")).stopTailscaled();
  const { devices } = await admin.call("listDevices");
  for (const { id } of devices.filter(({ hostname }) => hostname === "foreign")) await admin.call("deleteDevice", { id });
}
