import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { ServerRoute } from "../remote/connection";
import { askServers, findServers } from "./ask-servers";
import { lastOutputs } from "./last-run";

/** What is the matter with each server that is not well, in words that begin with its name. */
export type ListUnwellServers = (input: Record<string, unknown>) => Promise<readonly string[]>;

/**
 * Refuses in a preview to give several servers another k3s or tailscale while one of them is not Ready or does not vote: the next that restarts
 * could take the quorum with it. One session to a server, and none where neither release changes. An only server has nobody to lose, and the new
 * release may be what brings it back. That nobody tells is a warning: each server's own turn asks again.
 */
export async function refuseUnwellServers(
  { plan, ssh }: Pick<ClusterContext, "plan" | "ssh">,
  servers: readonly ServerRoute[],
  list: ListUnwellServers = listOverSsh,
): Promise<void> {
  if (!pulumi.runtime.isDryRun() || servers.length < 2) return;
  const { cluster } = await lastOutputs();
  const wanted = plan.tailnet.clientVersion;
  if (cluster === undefined || (cluster.k3sVersion === plan.k3sVersion && (cluster.vpnVersion ?? wanted) === wanted)) return;
  const known = await findServers({ ssh }, servers);
  if (known === undefined) return;
  const unwell = await list(known).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  if (unwell instanceof Error) return pulumi.log.warn(`Whether all servers are well could not be seen: ${unwell.message}`);
  if (unwell.length === 0) return;
  const said = `The servers cannot be given another release while not all of them are well:\n${unwell.map((one) => `- ${one}`).join("\n")}\n`;
  if (plan.allowUntestedK3s) return pulumi.log.warn(`${said}Going on, as cluster.allowUntestedK3s says.`);
  throw new pulumi.RunError(
    `${said}Nothing was changed. Bring them back first (there: systemctl status k3s), or put the old release back in the config and replace the server that is ` +
      "lost. Where an upgrade that failed there is mended by this one: cluster.allowUntestedK3s: true goes on.",
  );
}

async function listOverSsh(input: Record<string, unknown>): Promise<readonly string[]> {
  const { listUnwellServers } = await import("../operator-tools/host/list-unwell-servers.mjs");
  return askServers((context) => listUnwellServers(input, context));
}
