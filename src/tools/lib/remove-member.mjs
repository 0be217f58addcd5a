import { ABANDON, isAbandoned } from "./abandoned.mjs";
import { sshCredentials } from "./credentials.mjs";
import { requireFields } from "./input.mjs";
import { renderScript } from "./render-script.mjs";
import { progressOf, runOnHost } from "./run-on-host.mjs";
import { SshFault } from "./ssh-fault.mjs";
import { lastLine } from "./ssh-session.mjs";
import { ToolError } from "./tool-error.mjs";

// What the script may take beside the drain: the host's lock, an API server that restarts in the same run, deleting the Node.
const BESIDE_DRAIN_MS = 300_000;

/** Drains a node and deletes its Node through the first server. Where that server is gone there is nothing left to drain from. */
export async function removeMember(input, { env, out, limits = {}, scripts }) {
  requireFields(input, ["node", "drainSeconds", "host.address", "host.user", "host.hostKey"]);
  const { node, drainSeconds, host, bastion } = input;
  if (isAbandoned(node, env))
    return out.say(`warning: ${node} was neither drained nor deleted, because ${ABANDON} names it. Later: kubectl delete node ${node}`);
  const text = renderScript("remove-node", { NODE_NAME: node, DRAIN_SECONDS: drainSeconds }, scripts);
  const run = {
    script: "remove-node",
    text,
    limitMs: drainSeconds * 1000 + (limits.besideDrainMs ?? BESIDE_DRAIN_MS),
    onLine: progressOf(node, out),
    connectMs: limits.connectMs,
  };
  try {
    const { code, signal, stderr } = await runOnHost(
      { name: "the first server", host, bastion },
      sshCredentials(input.credentials, env, out),
      run,
    );
    if (code === 0) return;
    throw new ToolError(
      `removing ${node} on the first server ended with ${signal ? `signal ${signal}` : `exit code ${code}`}${stderr ? ` (last: ${lastLine(stderr)})` : ""}`,
    );
  } catch (error) {
    if (error instanceof SshFault && error.gone) return tellGone(error, node, out);
    if (!(error instanceof ToolError || error instanceof SshFault)) throw error;
    throw new ToolError(
      `${error.message}.\n${node} is still a Node of the cluster. Cure that and run the same command again; to go on without: ${ABANDON}=${node}`,
    );
  }
}

function tellGone(fault, node, out) {
  out.say(
    `warning: ${fault.message}.\n${node} was neither drained nor deleted from the cluster, and its removal goes on. ` +
      `If the server comes back with its data, run this with the stack's kubeconfig:\n  kubectl delete node ${node}`,
  );
}
