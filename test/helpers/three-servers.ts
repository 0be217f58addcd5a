import type { StackSettings } from "../../lab/stack-config";
import { hostKey } from "./config-builder";

/** The lab's stack with rack-1 to rack-3 as servers of one site. */
export function threeServers(settings: StackSettings): StackSettings {
  const { rack, edge } = settings["hybrid-k3s:pools"];
  if (rack?.provider !== "bare-metal" || edge === undefined) throw new Error("the lab's stack has other pools");
  const hosts = [1, 2, 3].map((i) => ({ name: `rack-${i}`, address: "198.18.0.20", port: 2200 + i, user: "ops", hostKey: hostKey(i) }));
  settings["hybrid-k3s:vpn"].integration = "routes";
  Reflect.deleteProperty(settings["hybrid-k3s:cluster"], "datastore");
  settings["hybrid-k3s:pools"] = { rack: { ...rack, hosts }, edge };
  return settings;
}
