import { API_PORT, KUBELET_PORT } from "../catalog/ports.cjs";
import type { NodePlan } from "./cluster-plan";

/** What a node's k3s needs of its host and dies without, as preflight-host's environment names it. */
export interface HostNeeds {
  /** TCP ports that must be free, one a line. */
  readonly K3S_PORTS: string;
  /** Whether kubelet refuses kernel settings that are not its own. */
  readonly KERNEL_DEFAULTS?: "true";
}

/** Ports as k3s v1.35.4 listens on them: pkg/cli/cmds (6444), pkg/daemons/config/types.go (10010), pkg/daemons/control/server.go. */
export function hostNeeds({ role, k3sConfig }: Pick<NodePlan, "role" | "k3sConfig">): HostNeeds {
  const balancer = k3sConfig["lb-server-port"];
  const local = role === "agent" && typeof balancer === "number" ? balancer : 6444;
  const ports = [...(role === "server" ? [API_PORT, 10257, 10258, 10259] : []), local, 10010, KUBELET_PORT];
  return {
    K3S_PORTS: ports.sort((a, b) => a - b).join("\n"),
    ...(protectsKernel(k3sConfig) && { KERNEL_DEFAULTS: "true" }),
  };
}

function protectsKernel(settings: NodePlan["k3sConfig"]): boolean {
  const { "protect-kernel-defaults": flag, "kubelet-arg": given = [] } = settings;
  return flag === true || [given].flat().includes("protect-kernel-defaults=true");
}
