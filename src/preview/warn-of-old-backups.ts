import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { ServerRoute } from "../remote/connection";
import { askServers, findServers } from "./ask-servers";
import { lastOutputs } from "./last-run";

/** When the newest snapshot was taken, in milliseconds since 1970, and its name; nothing where there is none. */
export type FindLastBackup = (
  input: Record<string, unknown>,
  node: string,
) => Promise<{ readonly name: string; readonly time: number } | undefined>;

const OLD_HOURS = 24;

/**
 * Says in a preview how old the last backup is, and warns where it is older than a day, where the config asks for backups. One session to the
 * first server. That it cannot be told is a warning.
 */
export async function warnOfOldBackups(
  { plan, ssh }: Pick<ClusterContext, "plan" | "ssh">,
  servers: readonly ServerRoute[],
  find: FindLastBackup = findOverSsh,
  now: () => number = Date.now,
): Promise<void> {
  if (!pulumi.runtime.isDryRun() || plan.backup === undefined) return;
  const { nodes: before = [] } = await lastOutputs();
  const name = plan.firstServer.name;
  if (!before.some((node) => node.name === name && node.tailnetIp !== "")) return;
  const known = await findServers({ ssh }, servers);
  if (known === undefined) return;
  try {
    const last = await find(known, name);
    if (last === undefined) return await pulumi.log.warn("There is no backup of the cluster yet: npx hybrid-k3s backup takes one.");
    const hours = Math.floor((now() - last.time) / 3_600_000);
    const said = `The last backup (${last.name}) is ${hours} h old`;
    if (hours < OLD_HOURS) return await pulumi.log.info(`${said}.`);
    await pulumi.log.warn(`${said}; cluster.backup.schedule is "${plan.backup.schedule}". Take one now: npx hybrid-k3s backup`);
  } catch (error) {
    await pulumi.log.warn(`How old the last backup is could not be seen: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function findOverSsh(input: Record<string, unknown>, node: string): ReturnType<FindLastBackup> {
  const { findLastBackup } = await import("../operator-tools/host/find-last-backup.mjs");
  return askServers((context) => findLastBackup({ ...input, node }, context));
}
