import type { RunResult } from "../contract";

/** Runs kubectl on the operator's host with the stack's kubeconfig. */
export type Kubectl = (argv: readonly string[], options?: { readonly input?: string; readonly timeoutMs?: number }) => Promise<RunResult>;

export interface ProbePod {
  readonly name: string;
  readonly node: string;
  readonly podIp: string;
  readonly hostIp: string;
}

export const PROBE_TCP_PORT = 5201;
export const PROBE_HTTP_PORT = 8080;
const NAMESPACE = "probe";

/** A pod of the lab's probe with these arguments, wherever it is put. */
export function probeSpec(args: readonly string[]) {
  const securityContext = { capabilities: { add: ["NET_RAW"] } };
  return {
    terminationGracePeriodSeconds: 1,
    tolerations: [{ operator: "Exists" }],
    containers: [{ name: "probe", image: "hybrid-k3s.test/probe:1", imagePullPolicy: "Never", args, securityContext }],
  };
}

const MANIFEST = {
  apiVersion: "v1",
  kind: "List",
  items: [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "probe", namespace: NAMESPACE },
      spec: {
        selector: { matchLabels: { app: "probe" } },
        template: {
          metadata: { labels: { app: "probe" } },
          spec: probeSpec(["serve", "-tcp", String(PROBE_TCP_PORT), "-http", String(PROBE_HTTP_PORT)]),
        },
      },
    },
  ],
};

/** One probe pod on each node, running. Rejects with what the pods say when they are not all up within kubectl's limit. */
export async function deployProbePods(kubectl: Kubectl): Promise<ProbePod[]> {
  await succeed(kubectl, ["apply", "-f", "-"], { input: JSON.stringify(MANIFEST) });
  await succeed(kubectl, ["-n", NAMESPACE, "rollout", "status", "daemonset/probe", "--timeout=120s"]);
  return listProbePods(kubectl);
}

export async function listProbePods(kubectl: Kubectl): Promise<ProbePod[]> {
  const { stdout } = await succeed(kubectl, ["-n", NAMESPACE, "get", "pods", "-l", "app=probe", "-o", "json"]);
  const list = JSON.parse(stdout) as {
    items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string; hostIP: string } }[];
  };
  return list.items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    node: spec.nodeName,
    podIp: status.podIP,
    hostIp: status.hostIP,
  }));
}

/** Runs the probe program inside a probe pod; its result whatever its exit code. */
export function execProbe(kubectl: Kubectl, pod: ProbePod, argv: readonly string[]): Promise<RunResult> {
  return kubectl(["-n", NAMESPACE, "exec", pod.name, "--", "/probe", ...argv]);
}

/**
 * The pod of a node that has just been removed goes late: the pod garbage collector looks every 20 s and gives a missing node 40 s
 * (kubernetes: pkg/controller/podgc, gcCheckPeriod and quarantineTime), and a namespace goes after its last pod.
 */
const REMOVAL_SECONDS = 150;

export async function removeProbePods(kubectl: Kubectl): Promise<void> {
  const argv = ["delete", "namespace", NAMESPACE, "--wait=true", `--timeout=${REMOVAL_SECONDS}s`];
  await succeed(kubectl, argv, { timeoutMs: (REMOVAL_SECONDS + 10) * 1000 });
}

/** kubectl that must succeed: rejects with the command and what it said. */
export async function succeed(kubectl: Kubectl, argv: readonly string[], options: Parameters<Kubectl>[1] = {}): Promise<RunResult> {
  const result = await kubectl(argv, options);
  if (result.code !== 0)
    throw new Error(`kubectl ${argv.join(" ")} ended with ${result.code}: ${result.stderr.trim() || result.stdout.trim()}`);
  return result;
}
