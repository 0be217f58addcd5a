import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { parse } from "yaml";
import { type Kubectl, PROBE_TCP_PORT, succeed } from "../../lab/checks/probe-pods";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { HostName } from "../../lab/hosts/topology";
import { inState } from "../../lab/paths";
import type { LabContext } from "./lab-context";
import { startProbing, stopProbing } from "./pod-chatter";
import type { Watched } from "./pod-watch";
import { clusterHosts } from "./node-network";

const EVERY_MS = 200;
const NAMESPACE = "change";

/** What a client saw while a cluster changed under it. */
export interface Outage {
  readonly asked: number;
  /** Seconds in which it asked in vain, each question of its own. */
  readonly failedSeconds: number;
  /** The longest time between two answers. */
  readonly longestSeconds: number;
}

export interface ChangeWatch {
  /** Ends the watch: what the API's client on the operator's machine saw, and those of a Service in a pod on each node. */
  readonly stop: () => Promise<{ readonly api: Outage; readonly service: Readonly<Record<string, Watched>> }>;
}

/** From now on the API server is asked every 200 ms, each time by a connection of its own, and so is a Service of the probe pods from each of these nodes. `server`: whose API; default: the kubeconfig's. */
export async function watchChange(context: LabContext, nodes: readonly HostName[] = clusterHosts, server?: HostName): Promise<ChangeWatch> {
  const { kubectl } = context;
  const look = await watchService(kubectl, nodes);
  const api = await watchApi(context, server);
  return {
    stop: async () => {
      const service = await look();
      await stopProbing(kubectl, NAMESPACE);
      return { api: await api(), service };
    },
  };
}

async function watchService(kubectl: Kubectl, nodes: readonly HostName[]): Promise<() => Promise<Readonly<Record<string, Watched>>>> {
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "probe", namespace: "probe" },
    spec: { selector: { app: "probe" }, ports: [{ port: PROBE_TCP_PORT }] },
  };
  await succeed(kubectl, ["apply", "-f", "-"], { input: JSON.stringify(service) });
  const { stdout: address } = await succeed(kubectl, ["-n", "probe", "get", "service", "probe", "-o", "jsonpath={.spec.clusterIP}"]);
  const words = ["watch", `-every=${EVERY_MS}ms`, address, String(PROBE_TCP_PORT)];
  await startProbing(kubectl, NAMESPACE, Object.fromEntries(nodes.map((node) => [node, words])));
  const look = async () => {
    const seen = nodes.map(async (node) => {
      const { stdout } = await succeed(kubectl, ["-n", NAMESPACE, "logs", node, "--tail=1"]);
      return [node, JSON.parse(stdout) as Watched] as const;
    });
    return Object.fromEntries(await Promise.all(seen));
  };
  const isOpen = async () => Object.values(await look()).every(({ opened }) => opened > 0);
  await waitUntil("each pod has reached the Service", isOpen, { timeoutMs: 30_000, intervalMs: 500 });
  return look;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } }[];
  readonly users: readonly { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }[];
}

async function watchApi({ lab, stack }: LabContext, server?: HostName): Promise<() => Promise<Outage>> {
  const { kubeconfig } = await stack.outputs();
  const { clusters, users } = parse(String(kubeconfig)) as Kubeconfig;
  const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
  assert.ok(cluster !== undefined && user !== undefined);
  const file = (name: string, data: string) => {
    const path = inState("operator", `change-watch-${name}.pem`);
    writeFileSync(path, Buffer.from(data, "base64"), { mode: 0o600 });
    return path;
  };
  const flags = [
    ...["--cacert", file("ca", cluster["certificate-authority-data"])],
    ...["--cert", file("cert", user["client-certificate-data"]), "--key", file("key", user["client-key-data"])],
  ].join(" ");
  const endpoint = server === undefined ? cluster.server : `https://${(await lab.host(server).exec("tailscale ip -4")).trim()}:6443`;
  // One question does not wait for another: those that hang are counted from when they were asked. Without a trap bash goes on after
  // an interrupt that does not end its `sleep` (https://www.gnu.org/software/bash/manual/html_node/Signals.html).
  const client = `trap exit INT; ask() { code=$(curl -s -o /dev/null -w '%{http_code}' --max-time 2 ${flags} ${endpoint}/readyz); echo "$1 $code"; }
    while :; do ask "$(date +%s%3N)" & sleep ${EVERY_MS / 1000}; done`;
  const ended = new AbortController();
  const running = lab.operator.run(["bash", "-c", client], { signal: ended.signal });
  return async () => {
    ended.abort();
    const { stdout } = await running;
    const answers = [...stdout.matchAll(/^(\d+) (\d+)$/gm)].map(([, at, code]) => ({ at: Number(at), isGood: code === "200" }));
    return outageOf(answers.sort((a, b) => a.at - b.at));
  };
}

/** A question in vain stands for the time until the next one. */
export function outageOf(answers: readonly { readonly at: number; readonly isGood: boolean }[]): Outage {
  let [failed, longest, lastGood] = [0, 0, answers[0]?.at ?? 0];
  for (const [i, { at, isGood }] of answers.entries()) {
    if (!isGood) {
      failed += (answers[i + 1]?.at ?? at) - at;
      continue;
    }
    longest = Math.max(longest, at - lastGood);
    lastGood = at;
  }
  return { asked: answers.length, failedSeconds: failed / 1000, longestSeconds: longest / 1000 };
}
