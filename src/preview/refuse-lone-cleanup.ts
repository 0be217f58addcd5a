import * as pulumi from "@pulumi/pulumi";
import type { JoinedBy } from "../nodes/node";
import { isKnown } from "../undocumented-pulumi";
import { lastOutputs } from "./last-run";

/**
 * Refuses a preview in which `cleanup` alone is made again (`pulumi up --replace '…-cleanup'`): its delete would clean a living host and remove its
 * device, and the auth key, which is used up, could not bring it back. With a new key, or a new machine, the node is meant to be made again.
 */
export async function refuseLoneCleanup(nodes: readonly JoinedBy[]): Promise<void> {
  if (!pulumi.runtime.isDryRun()) return;
  const { nodes: before = [] } = await lastOutputs();
  const joined = new Set(before.filter(({ tailnetIp }) => tailnetIp !== "").map(({ name }) => name));
  const checks = nodes.filter(({ name }) => joined.has(name)).map(async (node) => ((await isAlone(node)) ? [node] : []));
  const alone = (await Promise.all(checks)).flat();
  if (alone.length === 0) return;
  const lines = await Promise.all(alone.map(({ replaceCommand }) => new Promise<string>((resolve) => replaceCommand.apply(resolve))));
  throw new pulumi.RunError(
    `This run would replace ${alone.map(({ name }) => `${name}-cleanup`).join(", ")} alone, which cleans a living node's host, removes its device and leaves ` +
      `no auth key to join with. Nothing was changed. What makes the node again, and joins it again:\n${lines.map((line) => `  ${line}`).join("\n")}`,
  );
}

async function isAlone({ key, cleanup }: JoinedBy): Promise<boolean> {
  return (await isKnown(key.id)) && !(await isKnown(cleanup.id));
}
