import assert from "node:assert/strict";
import { checkConnectivity } from "../../lab/checks/connectivity";
import { type Kubectl, listProbePods, type ProbePod, PROBE_TCP_PORT, succeed } from "../../lab/checks/probe-pods";
import { waitUntil } from "../../lab/hosts/wait-until";
import { startProbing, stopProbing } from "./pod-chatter";

const NAMESPACE = "watch";

/** Connections that a pod has opened so far, ten a second, and those that did not come about. */
export interface Watched {
  readonly opened: number;
  readonly lost: number;
  /** The most of them one after the other: a path that drops one packet is no path that is closed. */
  readonly row: number;
  /** What the last loss was, and when. */
  readonly last?: string;
  readonly at?: string;
}

type WatchedByNode = Readonly<Record<string, Watched>>;

export interface PodWatch {
  readonly look: () => Promise<WatchedByNode>;
  /** Ends the watch and gives its last look. */
  readonly stop: () => Promise<WatchedByNode>;
}

/** The probe pods, once all reach each other: for a while after its node is Ready, a pod has its former address, or none. */
export async function reachedPods(kubectl: Kubectl): Promise<ProbePod[]> {
  let pods: ProbePod[] = [];
  const allReached = async () => {
    pods = await listProbePods(kubectl);
    const faults = (await checkConnectivity(kubectl, pods, "reach")).filter(({ fault }) => fault !== undefined);
    if (pods.length === 0 || faults.length > 0) throw new Error(JSON.stringify(faults));
    return true;
  };
  await waitUntil("pods reach each other", allReached, { timeoutMs: 120_000, intervalMs: 500 });
  return pods;
}

/** Pods on these pods' nodes open connections to the next one of them, until the watch ends; each has opened some when it resolves. */
export async function watchPods(kubectl: Kubectl, pods: readonly ProbePod[]): Promise<PodWatch> {
  const next = (i: number) => pods[(i + 1) % pods.length] ?? assert.fail("no pods to watch");
  const args = pods.map(({ node }, i) => [node, ["watch", next(i).podIp, String(PROBE_TCP_PORT)]] as const);
  await startProbing(kubectl, NAMESPACE, Object.fromEntries(args));
  const look = async (): Promise<WatchedByNode> => {
    const seen = pods.map(async ({ node }) => {
      const { stdout } = await succeed(kubectl, ["-n", NAMESPACE, "logs", node, "--tail=1"]);
      return [node, JSON.parse(stdout) as Watched] as const;
    });
    return Object.fromEntries(await Promise.all(seen));
  };
  const isOpen = async () => Object.values(await look()).every(({ opened }) => opened > 0);
  await waitUntil("each pod has opened a connection", isOpen, { timeoutMs: 30_000, intervalMs: 500 });
  const stop = async () => {
    const last = await look();
    await stopProbing(kubectl, NAMESPACE);
    return last;
  };
  return { look, stop };
}
