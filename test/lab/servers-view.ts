import { kubectlThrough as through, waitWhole as wait } from "../../lab/checks/servers";
import type { Kubectl } from "../../lab/checks/probe-pods";
import type { HostName } from "../../lab/hosts/topology";
import { metalPool, poolHost, type StackSettings } from "../../lab/stack-config";
import type { LabContext } from "./lab-context";

export { members } from "../../lab/checks/servers";

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

/** Just these nodes Ready, and every server a voter. */
export const waitWhole = ({ kubectl }: LabContext, nodes: readonly string[]): Promise<void> => wait(kubectl, nodes);

export const serversOnly = (name: string): boolean => name.startsWith("rack-");

/** The operator's kubectl, by the API of this one server. */
export const kubectlThrough = ({ lab, kubectl }: LabContext, server: HostName): Promise<Kubectl> => through(lab, server, kubectl);

/** Tells the stack that this server's machine was made anew. */
export function sayMadeAnew({ lab, stack }: LabContext, server: HostName): void {
  stack.edit((settings) => {
    const rack = metalPool(settings, "rack");
    rack.hosts = rack.hosts.map((host) => (host.name === server ? { ...poolHost(lab, server), generation: 1 } : host));
  });
}
