import { type Kubectl, succeed } from "../../lab/checks/probe-pods";

const NAMESPACE = "chatter";

/** A pod on each node that sends a few packets a second into another node's pod network, whoever is listening, also while hosts boot. */
export async function startChatter(kubectl: Kubectl, cidrs: Readonly<Record<string, string>>): Promise<void> {
  const nodes = Object.keys(cidrs);
  const pods = nodes.map((node, i) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: node, namespace: NAMESPACE, labels: { app: NAMESPACE } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 1,
      tolerations: [{ operator: "Exists" }],
      containers: [
        {
          name: "ping",
          image: "hybrid-k3s.test/probe:1",
          imagePullPolicy: "Never",
          args: ["ping", "-count", "1000000", "-timeout", "250ms", silentAddress(cidrs[nodes[(i + 1) % nodes.length] ?? ""] ?? "")],
          securityContext: { capabilities: { add: ["NET_RAW"] } },
        },
      ],
    },
  }));
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
  await succeed(kubectl, ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: [namespace, ...pods] }));
  await succeed(kubectl, ["-n", NAMESPACE, "wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s"]);
}

export async function stopChatter(kubectl: Kubectl): Promise<void> {
  await succeed(kubectl, ["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=true", "--timeout=60s"]);
}

// The last address of a /24 belongs to no pod of the lab, so every packet takes its whole time limit, which makes the pace.
const silentAddress = (cidr: string): string => cidr.replace(/\.\d+\/\d+$/, ".254");
