import { type Kubectl, succeed } from "../../lab/checks/probe-pods";
import type { HostName } from "../../lab/hosts/topology";
import { waitUntil } from "../../lab/hosts/wait-until";
import { poolHost, type StackSettings } from "../../lab/stack-config";
import type { LabContext } from "./lab-context";
import { readyNodes } from "./nodes-view";

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason?: string }[] };
  }[];
}

/** What k3s says of each server's membership in etcd: `voter`, or its reason for no. */
export async function members(kubectl: Kubectl): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await succeed(kubectl, ["get", "nodes", "-l", "node-role.kubernetes.io/control-plane", "-o", "json"]);
  const { items } = JSON.parse(stdout) as NodeList;
  const entries = items.map(({ metadata, status }) => {
    const condition = status.conditions.find(({ type }) => type === "EtcdIsVoter");
    return [metadata.name, condition?.status === "True" ? "voter" : (condition?.reason ?? "unknown")] as const;
  });
  return Object.fromEntries(entries);
}

/** Adds to the stack what these scenarios have: the rack's hosts of this list as servers, one agent elsewhere, etcd, and pod routes without k3s's flag. */
export const withServers =
  ({ lab }: LabContext, ...hosts: readonly HostName[]) =>
  (settings: StackSettings): void => {
    settings["hybrid-k3s:vpn"].integration = "routes";
    Reflect.deleteProperty(settings["hybrid-k3s:cluster"], "datastore");
    const { rack, edge } = settings["hybrid-k3s:pools"];
    if (rack?.provider !== "bare-metal" || edge === undefined) throw new Error("the lab's stack has other pools");
    rack.hosts = hosts.map((name) => rack.hosts.find((host) => host.name === name) ?? poolHost(lab, name));
    settings["hybrid-k3s:pools"] = { rack, edge };
  };

/** All of these nodes Ready, and every server a voter. */
export async function waitWhole({ kubectl }: LabContext, nodes: readonly string[]): Promise<void> {
  const isWhole = async () =>
    (await readyNodes(kubectl)).length === nodes.length && Object.values(await members(kubectl)).every((state) => state === "voter");
  await waitUntil("all nodes are Ready and all servers vote", isWhole, { timeoutMs: 180_000, intervalMs: 1000 });
}

export const serversOnly = (name: string): boolean => name.startsWith("rack-");

/** The operator's kubectl, by the API of this one server. */
export async function kubectlThrough({ lab, kubectl }: LabContext, server: HostName): Promise<Kubectl> {
  const address = (await lab.host(server).exec("tailscale ip -4")).trim();
  return (argv, options) => kubectl(["--server", `https://${address}:6443`, "--request-timeout=5s", ...argv], options);
}
