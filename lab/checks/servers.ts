import type { HostName } from "../hosts/topology";
import { type WaitOptions, waitUntil } from "../hosts/wait-until";
import type { Lab } from "../lab";
import { type Kubectl, succeed } from "./probe-pods";

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason?: string }[] };
  }[];
}

type NodeItem = NodeList["items"][number];

const SERVER = "node-role.kubernetes.io/control-plane";

/** What k3s says of each server's membership in etcd: `voter`, or its reason for no. */
export async function members(kubectl: Kubectl): Promise<Readonly<Record<string, string>>> {
  const servers = await listNodes(kubectl, "-l", SERVER);
  return Object.fromEntries(servers.map((node) => [node.metadata.name, membership(node)] as const));
}

/** Waits until just these nodes are Ready, and every server votes in etcd. */
export async function waitWhole(kubectl: Kubectl, nodes: readonly string[], options: Partial<WaitOptions> = {}): Promise<void> {
  const wanted = [...nodes].sort().join(" ");
  const isWhole = async () => {
    const seen = await listNodes(kubectl);
    const ready = seen.filter((node) => conditionOf(node, "Ready")?.status === "True").map(({ metadata }) => metadata.name);
    const servers = seen.filter(({ metadata }) => SERVER in metadata.labels);
    return ready.sort().join(" ") === wanted && servers.every((node) => membership(node) === "voter");
  };
  await waitUntil(`nodes ${wanted} are Ready and all servers vote`, isWhole, { timeoutMs: 240_000, intervalMs: 1000, ...options });
}

/** The one of these servers that leads etcd, by its own metrics; throws where none does. */
export async function leaderOf<Name extends HostName>(lab: Lab, servers: readonly Name[]): Promise<Name> {
  const looks = servers.map(async (name) => {
    const metrics = await lab.host(name).exec("curl -sf http://127.0.0.1:2381/metrics");
    return /^etcd_server_is_leader 1$/m.test(metrics) ? [name] : [];
  });
  const [leader] = (await Promise.all(looks)).flat();
  if (leader === undefined) throw new Error("no server leads etcd");
  return leader;
}

/** The operator's kubectl, by the API of this one server. */
export async function kubectlThrough(lab: Lab, server: HostName, kubectl: Kubectl, timeoutSeconds = 5): Promise<Kubectl> {
  const address = (await lab.host(server).exec("tailscale ip -4")).trim();
  return (argv, options) => kubectl(["--server", `https://${address}:6443`, `--request-timeout=${timeoutSeconds}s`, ...argv], options);
}

async function listNodes(kubectl: Kubectl, ...selection: string[]): Promise<readonly NodeItem[]> {
  const { stdout } = await succeed(kubectl, ["get", "nodes", ...selection, "-o", "json"]);
  return (JSON.parse(stdout) as NodeList).items;
}

const conditionOf = ({ status }: NodeItem, wanted: string) => status.conditions.find(({ type }) => type === wanted);

function membership(node: NodeItem): string {
  const condition = conditionOf(node, "EtcdIsVoter");
  return condition?.status === "True" ? "voter" : (condition?.reason ?? "unknown");
}
