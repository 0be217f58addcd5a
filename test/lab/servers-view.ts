import { type Kubectl, succeed } from "../../lab/checks/probe-pods";
import type { RunResult } from "../../lab/contract";
import type { HostName } from "../../lab/hosts/topology";
import type { LabContext } from "./lab-context";

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

export const serversOnly = (name: string): boolean => name.startsWith("rack-");

/** The operator's kubectl, by the API of this one server. */
export async function kubectlThrough(
  { lab, kubectl }: LabContext,
  server: HostName,
): Promise<(argv: readonly string[]) => Promise<RunResult>> {
  const address = (await lab.host(server).exec("tailscale ip -4")).trim();
  return (argv) => kubectl(["--server", `https://${address}:6443`, "--request-timeout=5s", ...argv]);
}
