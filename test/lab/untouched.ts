import assert from "node:assert/strict";
import type { Kubectl } from "../../lab/checks/probe-pods";
import { succeed } from "../../lab/checks/probe-pods";
import type { LabHost } from "../../lab/hosts/host";
import type { HostName } from "../../lab/hosts/topology";
import { diffSnapshots, type Snapshot, takeSnapshot } from "../../lab/hosts/snapshot";
import type { LabContext } from "./lab-context";

// Not set-up: the cluster's own store, which changes by the second, the addresses of pods, and the records of ended pods, which kubelet
// drops in its own time.
const DATA = /^file\t\/var\/lib\/(rancher\/k3s\/(server\/db|agent\/containerd)|kubelet\/pods|cni\/(networks|results|flannel))\//;

// Field 22 of proc(5)'s stat is the start in clock ticks since boot; the name stands in brackets and may hold blanks.
const PROCESSES = `cat /proc/[0-9]*/stat 2>/dev/null | sed -nE 's/^([0-9]+) \\((k3s[^)]*|tailscaled|containerd|containerd-shim[^)]*|kubelet)\\) . (.*)$/\\2 \\1 \\3/p' |
  awk '{ print $1, $2, "started", $21 }' | sort`;

/** What of a node must be the same before and after a run that does not concern it: files, units, processes by start, pod restarts. */
export async function readNodeState(host: LabHost, kubectl: Kubectl): Promise<readonly string[]> {
  const [{ facts }, processes, pods] = await Promise.all([takeSnapshot(host), host.exec(PROCESSES), podRestarts(kubectl, host.name)]);
  const setUp = [...facts].filter((fact) => /^(file|unit)\t/.test(fact) && !DATA.test(fact));
  return [...setUp, ...lines(processes).map((line) => `process\t${line}`), ...pods];
}

/** What is there now and was not (+), and what was there and is not (-). */
export function changesSince(earlier: readonly string[], now: readonly string[]): string[] {
  const gone = earlier.filter((fact) => !now.includes(fact)).map((fact) => `- ${fact}`);
  return [...gone, ...now.filter((fact) => !earlier.includes(fact)).map((fact) => `+ ${fact}`)];
}

async function podRestarts(kubectl: Kubectl, node: string): Promise<string[]> {
  const one = "{.metadata.namespace}/{.metadata.name} {.metadata.uid} restarts {.status.containerStatuses[*].restartCount}";
  const { stdout } = await succeed(kubectl, [
    ...["get", "pods", "--all-namespaces", "--field-selector", `spec.nodeName=${node}`],
    ...["-o", `jsonpath={range .items[*]}pod ${one}{"\\n"}{end}`],
  ]);
  return lines(stdout);
}

const lines = (text: string): string[] => text.split("\n").filter(Boolean);

/** The host's processes of this name, each with its number and start. */
export async function startsOf(host: LabHost, name: "k3s" | "tailscaled" | "containerd-shim"): Promise<readonly string[]> {
  // k3s itself is called k3s-server or k3s-agent.
  return lines(await host.exec(PROCESSES)).filter((line) => new RegExp(`^${name}(-server|-agent)? `).test(line));
}

/** The hosts look as in these snapshots. */
export async function expectClean({ lab }: LabContext, names: readonly HostName[], earlier: readonly Snapshot[]): Promise<void> {
  for (const [i, name] of names.entries()) {
    const snapshot = earlier[i] ?? assert.fail(`no snapshot of ${name}`);
    assert.deepEqual(diffSnapshots(snapshot, await takeSnapshot(lab.host(name))), [], `${name} is not as it was`);
  }
}
