import { type Kubectl, succeed } from "../../lab/checks/probe-pods";

export const NAMESPACE = "budget";

/** Pods of one deployment that may stand on these nodes only, and how many of them a drain must leave available. */
export interface Budget {
  readonly name: string;
  readonly replicas: number;
  readonly nodes: readonly string[];
  /** Of these nodes the scheduler takes one as long as it can. */
  readonly prefers?: readonly string[];
  readonly minAvailable: number;
}

function manifest({ name, replicas, nodes, prefers = nodes, minAvailable }: Budget): object[] {
  const metadata = { name, namespace: NAMESPACE };
  const labels = { app: name };
  const onOne = (values: readonly string[]) => ({ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values }] });
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [onOne(nodes)] },
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: onOne(prefers) }],
  };
  const container = {
    name: "probe",
    image: "hybrid-k3s.test/probe:1",
    imagePullPolicy: "Never",
    args: ["serve", "-tcp", "5201", "-http", "8080"],
    // A pod that needs a moment to become ready: a drain that does not wait for it leaves none available.
    readinessProbe: { tcpSocket: { port: 5201 }, initialDelaySeconds: 3, periodSeconds: 1 },
  };
  const pod = {
    terminationGracePeriodSeconds: 1,
    affinity: { nodeAffinity },
    containers: [container],
  };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    },
    { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata, spec: { minAvailable, selector: { matchLabels: labels } } },
  ];
}

/** Starts the deployments, their pods on the first of their nodes each, and waits until all are available. */
export async function deployBudgets(kubectl: Kubectl, budgets: readonly Budget[]): Promise<void> {
  const others = [...new Set(budgets.flatMap(({ nodes }) => nodes.slice(1)))];
  for (const node of others) await succeed(kubectl, ["cordon", node]);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
  const items = [namespace, ...budgets.flatMap(manifest)];
  await succeed(kubectl, ["apply", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
  for (const { name } of budgets) await waitAvailable(kubectl, name);
  for (const node of others) await succeed(kubectl, ["uncordon", node]);
}

/** Waits until all of the deployment's pods are available. */
export async function waitAvailable(kubectl: Kubectl, name: string): Promise<void> {
  await succeed(kubectl, ["-n", NAMESPACE, "rollout", "status", `deployment/${name}`, "--timeout=55s"]);
}

export async function removeBudgets(kubectl: Kubectl): Promise<void> {
  await succeed(kubectl, ["delete", "namespace", NAMESPACE, "--wait=true", "--timeout=55s"]);
}

/** A field of each of the deployment's pods. */
async function ofPods(kubectl: Kubectl, name: string, field: string): Promise<string[]> {
  const argv = ["-n", NAMESPACE, "get", "pods", "-l", `app=${name}`, "-o", `jsonpath={.items[*].${field}}`];
  return (await succeed(kubectl, argv)).stdout.split(" ").filter(Boolean);
}

/** Nodes that the deployment's pods stand on. */
export const nodesOf = (kubectl: Kubectl, name: string): Promise<string[]> => ofPods(kubectl, name, "spec.nodeName");

/** Names of the deployment's pods: one that was drained comes back under another name, wherever that is. */
export const podsOf = (kubectl: Kubectl, name: string): Promise<string[]> => ofPods(kubectl, name, "metadata.name");

/** Nodes that pods of the deployment were ever assigned to. */
export async function placesOf(kubectl: Kubectl, name: string): Promise<string[]> {
  const argv = [
    "-n",
    NAMESPACE,
    "get",
    "events",
    "--field-selector=reason=Scheduled",
    '-o=jsonpath={range .items[*]}{.message}{"\\n"}{end}',
  ];
  const { stdout } = await succeed(kubectl, argv);
  return [...stdout.matchAll(new RegExp(`assigned ${NAMESPACE}/${name}-\\S+ to (\\S+)`, "g"))].map(([, node = ""]) => node).sort();
}

/** Follows how many of a deployment's pods are available, from now until `stop`; every number that was seen. */
export function watchAvailable(
  run: (argv: readonly string[], options: { readonly signal: AbortSignal; readonly timeoutMs: number }) => Promise<{ stdout: string }>,
  name: string,
): { stop(): Promise<number[]> } {
  const abort = new AbortController();
  const column = '-o=jsonpath={.status.availableReplicas}{"\\n"}';
  const ended = run(["-n", NAMESPACE, "get", "deployment", name, "--watch", column], { signal: abort.signal, timeoutMs: 300_000 });
  return {
    async stop() {
      abort.abort();
      // Without any pod available the API leaves the number out.
      return (await ended).stdout.trimEnd().split("\n").map(Number);
    },
  };
}
