import type { NodePlan } from "../plan/cluster-plan";
import type { ServerRoute } from "../remote/connection";
import type { UpgradeTurn } from "../remote/remote-script";

/**
 * How a node takes turns where one of these settings changes while it lives: servers one at a time, agents as their pool's
 * `upgrade.maxUnavailable` says. A drain needs a server to ask.
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
    ...(gates && { gate: { hosts: gates, role, ...(upgrade.drain && { drainSeconds }) } }),
  };
}
