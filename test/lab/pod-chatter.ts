import { type Kubectl, probeSpec, succeed } from "../../lab/checks/probe-pods";

const NAMESPACE = "chatter";

/** A pod on each node that sends a few packets a second into another node's pod network, whoever is listening, also while hosts boot. */
export async function startChatter(kubectl: Kubectl, cidrs: Readonly<Record<string, string>>): Promise<void> {
  const nodes = Object.keys(cidrs);
  const target = (i: number) => silentAddress(cidrs[nodes[(i + 1) % nodes.length] ?? ""] ?? "");
  const ping = nodes.map((node, i) => [node, ["ping", "-count", "1000000", "-timeout", "250ms", target(i)]] as const);
  await startProbing(kubectl, NAMESPACE, Object.fromEntries(ping));
}

/** A pod on each of these nodes, named as it, that runs the probe with these arguments; in a namespace of their own. */
export async function startProbing(kubectl: Kubectl, namespace: string, args: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const pods = Object.entries(args).map(([node, words]) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: node, namespace, labels: { app: namespace } },
    spec: { nodeName: node, ...probeSpec(words) },
  }));
  const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await succeed(kubectl, ["apply", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: [own, ...pods] }) });
  await succeed(kubectl, ["-n", namespace, "wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s"]);
}

export const stopChatter = (kubectl: Kubectl): Promise<void> => stopProbing(kubectl, NAMESPACE);

export async function stopProbing(kubectl: Kubectl, namespace: string): Promise<void> {
  await succeed(kubectl, ["delete", "namespace", namespace, "--ignore-not-found", "--wait=true", "--timeout=60s"]);
}

// The last address of a /24 belongs to no pod of the lab, so every packet takes its whole time limit, which makes the pace.
const silentAddress = (cidr: string): string => cidr.replace(/\.\d+\/\d+$/, ".254");
