import type { NodePlan } from "../plan/cluster-plan";
import type { HostRoute } from "../remote/connection";
import type { UpgradeTurn } from "../remote/remote-script";

/**
 * How a node takes turns where one of these settings changes while it lives: servers one at a time, agents as their pool's
 * `upgrade.maxUnavailable` says. A drain needs a server to ask.
 */
export function upgradeTurn(
  { role, pool, upgrade, drainSeconds }: NodePlan,
  changes: readonly string[],
  gate?: { readonly name: string; readonly route: HostRoute },
): UpgradeTurn {
  const isServer = role === "server";
  return {
    changes,
    group: isServer ? "servers" : `pool ${pool}`,
    atOnce: isServer ? 1 : upgrade.maxUnavailable,
    ...(gate && { gate: { name: gate.name, ...gate.route, role, ...(upgrade.drain && { drainSeconds }) } }),
  };
}
