import { renderScript } from "./render-script.mjs";
import { progressOf, runOnHost } from "../ssh/run-on-host.mjs";
import { SshFault } from "../ssh/ssh-fault.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { ToolError } from "../run/tool-error.mjs";

/** @import { SshCredentials } from "../run/credentials.mjs" */
/** @import { ToolOutput } from "../run/output.mjs" */
/** @import { ScriptSource } from "./render-script.mjs" */
/** @import { HostRoute } from "../ssh/open-session.mjs" */

/** @typedef {{ readonly node: string; readonly cluster: string; readonly owner: string; readonly own: HostRoute; readonly credentials: SshCredentials }} LeavingServer */
/** @typedef {{ readonly out: ToolOutput; readonly scripts?: ScriptSource | undefined; readonly connectMs?: number | undefined; readonly scriptMs?: number | undefined }} StopContext */

// The lock of another run on that host, and k3s that ends its own processes.
const STOP_MS = 240_000;
const LOOK_MS = 30_000;

/**
 * Whether SSH reaches the host of a server that is to leave.
 * @type {(server: LeavingServer, context: StopContext) => Promise<boolean>}
 */
export async function isReached({ own, credentials }, { connectMs, scriptMs = LOOK_MS }) {
  try {
    await runOnHost(own, credentials, { script: "look", text: ":\n", limitMs: scriptMs, connectMs });
    return true;
  } catch (error) {
    if (error instanceof SshFault && error.gone) return false;
    throw error instanceof SshFault ? new ToolError(error.message) : error;
  }
}

/**
 * Stops k3s on a server that has left etcd, at once: it would join again. Throws where it goes on to run.
 * @type {(server: LeavingServer, context: StopContext) => Promise<void>}
 */
export async function stopServer({ node, cluster, owner, own, credentials }, { out, scripts, connectMs, scriptMs = STOP_MS }) {
  const text = renderScript("stop-k3s", { NODE_NAME: node, CLUSTER_NAME: cluster, OWNER: owner }, scripts);
  const run = { script: "stop-k3s", text, limitMs: scriptMs, onLine: progressOf(node, out), connectMs };
  const { code, stderr } = await runOnHost(own, credentials, run).catch((/** @type {unknown} */ error) => {
    throw error instanceof SshFault
      ? new ToolError(`${node} has left the servers, but its k3s could not be stopped: ${error.message}`)
      : error;
  });
  if (code !== 0) throw new ToolError(`${node} has left the servers, but its k3s goes on to run (${lastLine(stderr)})`);
}
