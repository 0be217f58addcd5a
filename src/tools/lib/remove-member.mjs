import { ABANDON, isAbandoned } from "./abandoned.mjs";
import { sshCredentials } from "./credentials.mjs";
import { requireFields } from "./input.mjs";
import { renderScript } from "./render-script.mjs";
import { progressOf, runOnHost } from "./run-on-host.mjs";
import { SshFault, newKeyAdvice } from "./ssh-fault.mjs";
import { lastLine } from "./ssh-session.mjs";
import { ToolError } from "./tool-error.mjs";

/** Of remove-node.sh: the node must stay, and what it prints says why and what to do. */
const REFUSED = 3;
// What the script may take beside the drain: the host's lock, an API server that restarts in the same run, deleting the Node.
const BESIDE_DRAIN_MS = 300_000;

/**
 * Drains a node and deletes its Node through the first server, unless data would be lost that must not (`removeData`), or pods with
 * `drainPolicy: wait` do not go. Where that server is gone there is nothing left to drain from, and only nodes go whose data may.
 */
export async function removeMember(input, { env, out, limits = {}, scripts }) {
  requireFields(input, ["node", "drainSeconds", "host.address", "host.user", "host.hostKey"]);
  const { node, pool = "", removeData, drainPolicy = "force", drainSeconds, host, bastion } = input;
  if (isAbandoned(node, env))
    return out.say(`warning: ${node} was neither drained nor deleted, because ${ABANDON} names it. Later: kubectl delete node ${node}`);
  const settings = { DRAIN_SECONDS: drainSeconds, DRAIN_POLICY: drainPolicy, REMOVE_DATA: removeData === true ? "yes" : "no", POOL: pool };
  const text = renderScript("remove-node", { NODE_NAME: node, ...settings }, scripts);
  const run = {
    script: "remove-node",
    text,
    limitMs: drainSeconds * 1000 + (limits.besideDrainMs ?? BESIDE_DRAIN_MS),
    onLine: progressOf(node, out),
    connectMs: limits.connectMs,
  };
  const reply = await runOnHost({ name: "the first server", host, bastion }, sshCredentials(input.credentials, env, out), run).catch(
    (error) => {
      if (!(error instanceof SshFault || error instanceof ToolError)) throw error;
      if (!isGone(error)) throw unremoved(node, `${error.message}${newKeyAdvice(error, node)}`);
      if (removeData !== true)
        throw unremoved(
          node,
          `${error.message}.\nWithout it nobody can tell whether ${node} holds data, and removeData of its pool${pool && ` ${pool}`} is not true`,
        );
      return error;
    },
  );
  if (reply instanceof SshFault) return tellGone(reply, node, out);
  const { code, signal, stdout, stderr } = reply;
  if (code === 0) return;
  if (code === REFUSED) throw new ToolError(lastLine(stdout));
  const last = stderr ? ` (last: ${lastLine(stderr)})` : "";
  throw unremoved(node, `removing ${node} on the first server ended with ${signal ? `signal ${signal}` : `exit code ${code}`}${last}`);
}

/** Another host key says nothing of the cluster behind it: the key of a living server may have been changed. */
const isGone = (error) => error instanceof SshFault && error.gone && error.kind !== "hostkey";

const unremoved = (node, why) =>
  new ToolError(
    `${why}.\n${node} is still a Node of the cluster. Cure that and run the same command again; to go on without: ${ABANDON}=${node}`,
  );

function tellGone(fault, node, out) {
  out.say(
    `warning: ${fault.message}.\n${node} was neither drained nor deleted from the cluster, and its removal goes on. ` +
      `If the server comes back with its data, run this with the stack's kubeconfig:\n  kubectl delete node ${node}`,
  );
}
