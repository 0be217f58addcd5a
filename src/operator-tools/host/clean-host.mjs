import { renderScript } from "./render-script.mjs";
import { progressOf, runOnHost } from "../ssh/run-on-host.mjs";
import { SshFault } from "../ssh/ssh-fault.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { ToolError } from "../run/tool-error.mjs";

/** @import { SshCredentials } from "../run/credentials.mjs" */
/** @import { ToolOutput } from "../run/output.mjs" */
/** @import { ScriptSource } from "./render-script.mjs" */
/** @import { Machine } from "../run/tool-input.mjs" */

/**
 * A node's host as its removal knows it.
 * @typedef {object} NodeHost
 * @property {string} node
 * @property {string} cluster
 * @property {string} owner
 * @property {Machine} host
 * @property {Machine | undefined} bastion
 */
/** @typedef {{ readonly out: ToolOutput; readonly scripts: ScriptSource | undefined; readonly limitMs: number | undefined; readonly connectMs: number | undefined }} CleanOptions */

// The host's lock, k3s's uninstaller, the logout, a package manager that waits for its own lock.
const CLEAN_MS = 420_000;

/**
 * Cleans a node's host with clean-host.sh of this checkout. Resolves with `cleaned`, or with the SshFault where
 * nothing of ours can be reached any more; throws where the host is there but does not let itself be cleaned.
 * @type {(target: NodeHost, credentials: SshCredentials, options: CleanOptions) => Promise<"cleaned" | SshFault>}
 */
export async function cleanHost({ node, cluster, owner, host, bastion }, credentials, { out, scripts, limitMs = CLEAN_MS, connectMs }) {
  const text = renderScript("clean-host", { NODE_NAME: node, CLUSTER_NAME: cluster, OWNER: owner }, scripts);
  const onLine = progressOf(node, out);
  try {
    const { code, signal, stderr } = await runOnHost({ name: node, host, bastion }, credentials, {
      script: "clean-host",
      text,
      limitMs,
      onLine,
      connectMs,
    });
    if (code === 0) return "cleaned";
    throw new ToolError(
      `cleaning ${node} ended with ${signal ? `signal ${signal}` : `exit code ${code}`}${stderr ? ` (last: ${lastLine(stderr)})` : ""}`,
    );
  } catch (error) {
    if (error instanceof SshFault && error.gone) return error;
    throw error;
  }
}

/**
 * One line of shell for the checkout's top folder that cleans the host later. Nothing secret: the key comes from the environment or the agent.
 * @type {(target: NodeHost) => string}
 */
export function cleanLaterCommand({ node, cluster, owner, host, bastion }) {
  const target = Buffer.from(JSON.stringify({ v: 1, node, cluster, owner, host, bastion })).toString("base64url");
  return `node src/operator-tools/cleanup.mjs clean ${target}`;
}
