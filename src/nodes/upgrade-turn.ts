import type { NodePlan } from "../plan/cluster-plan";
import type { ServerRoute } from "../remote/connection";
import type { UpgradeTurn } from "../remote/remote-script";

/** What install-k3s starts k3s from. */
export const k3sChanges = [
  ...["K3S_VERSION", "INTEGRATION", "CONFIG_YAML", "CLUSTER_AUTHORITY", "SERVER_IP", "LOGIN_SERVER", "POD_CIDR"],
  ...["API_SERVICE", "API_SERVICE_ADDRESSES"],
];
/** What join-tailnet starts tailscaled from. */
export const tailscaledChanges = ["TAILSCALE_VERSION", "CONTROL_CA_PEM", "POD_CIDR"];

/**
 * How a node takes turns where one of these settings changes while it lives: servers one at a time, agents as their pool's
 * `upgrade.maxUnavailable` says. A drain needs a server to ask, and pods run on while tailscaled restarts.
 */
export function upgradeTurn(
  { role, pool, upgrade, drainSeconds }: NodePlan,
  changes: readonly string[],
  gates?: readonly ServerRoute[],
): UpgradeTurn {
  const isServer = role === "server";
  return {
    changes,
    group: isServer ? "servers" : `pool ${pool}`,
    atOnce: isServer ? 1 : upgrade.maxUnavailable,
    ...(gates && { gate: { hosts: gates, role, ...(upgrade.drain && changes === k3sChanges && { drainSeconds }) } }),
  };
}
