import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { ToolContext } from "../operator-tools/run/output.mjs" with { "resolution-mode": "import" };
import type { ServerRoute } from "../remote/connection";
import { serversInput } from "../remote/tool-input";
import { isKnown } from "../undocumented-pulumi";

/** How a tool reaches the servers; nothing where one of them is yet to be made. */
export async function findServers(
  context: Pick<ClusterContext, "ssh">,
  servers: readonly ServerRoute[],
): Promise<Record<string, unknown> | undefined> {
  const input = pulumi.output(serversInput(context, servers));
  if (!(await isKnown(input))) return undefined;
  return new Promise((resolve) => input.apply(resolve));
}

/** A look over SSH that a preview takes; its fault tells nothing secret. */
export async function askServers<T>(look: (context: ToolContext) => Promise<T>): Promise<T> {
  const { createOutput } = await import("../operator-tools/run/output.mjs");
  const out = createOutput();
  try {
    return await look({ env: process.env, out });
  } catch (error) {
    throw error instanceof Error ? new Error(out.redact(error.message)) : error;
  }
}
